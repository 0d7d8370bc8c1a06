import { isDeepStrictEqual } from "node:util";
import type { ServiceContext } from "@weir/service";
import type { Finisher } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { LoggerConfig } from "../config.ts";
import { startUpkeep } from "../upkeep/upkeep.ts";
import { openStreamStore } from "./open-store.ts";
import { openReading } from "./reading.ts";
import { createStream, type Stream } from "./stream.ts";

/** A stream with all that keeps it in order. Disposing closes its store last. */
export interface RunningStream extends AsyncDisposable {
  stream: Stream;
  /** Goes on by another configuration of the same place. */
  reconfigure(config: StreamConfig): Promise<void>;
}

export interface OpenStreamOptions
  extends Pick<LoggerConfig, "synchronous" | "skewUs" | "upkeep">,
    Pick<ServiceContext, "clock" | "logger" | "fail"> {
  finisher: Finisher;
}

/** @throws Fault when its store, its decoder or its code filter cannot be used. */
export async function openStream(
  config: StreamConfig,
  options: OpenStreamOptions,
): Promise<RunningStream> {
  const { clock, synchronous, skewUs, logger } = options;
  await using opening = new AsyncDisposableStack();
  const nowUs = clock.now() * 1_000;
  const store = opening.use(openStreamStore(config, { synchronous, skewUs, nowUs, logger }));
  const reading = await openReading(config, options);
  const stream = createStream({ ...reading, store, clock, skewUs });
  let upkeep = startUpkeep(stream, options);
  opening.defer(() => upkeep[Symbol.asyncDispose]());

  const opened = opening.move();
  return {
    stream,
    reconfigure: async (changed) => {
      const before = stream.config;
      // A code filter or schemas may have changed though their names have not.
      stream.reconfigure(await openReading(changed, options));
      const { rotationMs, retention } = before;
      if (isDeepStrictEqual([rotationMs, retention], [changed.rotationMs, changed.retention]))
        return;
      await upkeep[Symbol.asyncDispose]();
      upkeep = startUpkeep(stream, options);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
