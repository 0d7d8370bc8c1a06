import { isDeepStrictEqual } from "node:util";
import type { ServiceContext } from "@weir/service";
import { isLocked } from "@weir/sqlite";
import type { Finisher, StreamStore } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { LoggerConfig } from "../config.ts";
import { startUpkeep } from "../upkeep/upkeep.ts";
import type { LockWaits } from "./lock-waits.ts";
import { type OpenStoreOptions, openStreamStore } from "./open-store.ts";
import { openReading } from "./reading.ts";
import { createStream, type Stream } from "./stream.ts";

/** A stream with all that keeps it in order. Disposing closes its store last. */
export interface RunningStream extends AsyncDisposable {
  stream: Stream;
  /** Resolves when messages may be taken in. */
  isReady: Promise<void>;
  /**
   * Opens what another configuration of the same place needs; what it returns goes on by it.
   *
   * @throws Fault when something of it cannot be used; the stream is as before.
   */
  prepare(config: StreamConfig): Promise<() => Promise<void>>;
}

export interface OpenStreamOptions
  extends Pick<LoggerConfig, "synchronous" | "skewUs" | "devicePrefixes" | "upkeep">,
    Pick<ServiceContext, "clock" | "logger" | "fail"> {
  finisher: Finisher;
  locks: LockWaits;
}

/** @throws Fault when its store, its decoder or its code filter cannot be used. */
export async function openStream(
  config: StreamConfig,
  options: OpenStreamOptions,
): Promise<RunningStream> {
  const { clock, skewUs } = options;
  await using opening = new AsyncDisposableStack();
  const nowUs = clock.now() * 1_000;
  const store = opening.use(await openUnlocked(config, { ...options, nowUs }, options.locks));
  const reading = await openReading(config, options);
  const stream = createStream({ ...reading, store, clock, skewUs });
  let upkeep = startUpkeep(stream, options);
  opening.defer(() => upkeep[Symbol.asyncDispose]());

  const opened = opening.move();
  return {
    stream,
    isReady: upkeep.turnIsOver,
    prepare: async (changed) => {
      // A code filter or schemas may have changed though their names have not.
      const reading = await openReading(changed, options);
      return async () => {
        const { rotationMs, retention } = stream.config;
        stream.reconfigure(reading);
        if (isDeepStrictEqual([rotationMs, retention], [changed.rotationMs, changed.retention])) {
          return;
        }
        await upkeep[Symbol.asyncDispose]();
        upkeep = startUpkeep(stream, options);
      };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A store that another program has locked is opened when it is not any more. */
async function openUnlocked(
  config: StreamConfig,
  options: OpenStoreOptions,
  locks: LockWaits,
): Promise<StreamStore> {
  let opened: StreamStore | null = null;
  let lockedBy: unknown = null;
  await locks.untilFree(config.name, () => {
    try {
      opened = openStreamStore(config, options);
      return false;
    } catch (error) {
      if (!isLocked(error)) throw error;
      lockedBy = error;
      return true;
    }
  });
  if (opened === null) throw lockedBy;
  return opened;
}
