import { isDeepStrictEqual } from "node:util";
import { topicProblem } from "@weir/protocol";
import { isLocked, type Logger, type ServiceContext } from "@weir/runtime";
import {
  openSegmentedStore,
  openStore,
  type SegmentFinalizer,
  type StreamStore,
} from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { LoggerConfig } from "../config.ts";
import { startMaintenance } from "../maintenance/maintenance.ts";
import type { LockWaits } from "./lock-waits.ts";
import { createStream, openReading, type Stream } from "./stream.ts";

/** The streams that run. */
interface Streams extends AsyncDisposable {
  all(): Stream[];
  /**
   * Opens the streams that are new, and has the others go on by their new configuration. On a full
   * disk it waits until retention has had its turn in the new ones.
   *
   * @throws Fault when one of them cannot; then all of them are as before.
   */
  apply(configs: readonly StreamConfig[]): Promise<void>;
  /** Closes the streams that are not among these, once nothing comes for them any more. */
  closeOthers(configs: readonly StreamConfig[]): Promise<void>;
}

export function createStreams(options: OpenStreamOptions): Streams {
  const running = new Map<string, RunningStream>();

  return {
    all: () => [...running.values()].map(({ stream }) => stream),
    apply: async (configs) => {
      await using opening = new AsyncDisposableStack();
      const opened: RunningStream[] = [];
      const changes: (() => Promise<void>)[] = [];
      for (const config of configs) {
        const known = running.get(config.name);
        if (known !== undefined) changes.push(await known.prepare(config));
        else opened.push(opening.use(await openStream(config, options)));
      }
      opening.move();
      for (const one of opened) running.set(one.stream.config.name, one);
      for (const change of changes) await change();
      await Promise.all(opened.map(({ isReady }) => isReady));
    },
    closeOthers: async (configs) => {
      const names = new Set(configs.map(({ name }) => name));
      for (const [name, stream] of running) {
        if (names.has(name)) continue;
        running.delete(name);
        await stream[Symbol.asyncDispose]();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await using closing = new AsyncDisposableStack();
      for (const stream of running.values()) closing.use(stream);
    },
  };
}

/** A stream with all that keeps it in order. Disposing closes its store last. */
interface RunningStream extends AsyncDisposable {
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

interface OpenStreamOptions
  extends Pick<LoggerConfig, "synchronous" | "skewUs" | "devicePrefixes" | "maintenance">,
    Pick<ServiceContext, "clock" | "logger" | "fail"> {
  finalizer: SegmentFinalizer;
  locks: LockWaits;
}

/** @throws Fault when its store, its decoder or its code filter cannot be used. */
async function openStream(
  config: StreamConfig,
  options: OpenStreamOptions,
): Promise<RunningStream> {
  const { clock, skewUs } = options;
  await using opening = new AsyncDisposableStack();
  const nowUs = clock.now() * 1_000;
  const store = opening.use(await openUnlocked(config, { ...options, nowUs }, options.locks));
  const reading = await openReading(config, options);
  const stream = createStream({ ...reading, store, clock, skewUs });
  let maintenance = startMaintenance(stream, options);
  opening.defer(() => maintenance[Symbol.asyncDispose]());

  const opened = opening.move();
  return {
    stream,
    isReady: maintenance.turnIsOver,
    prepare: async (changed) => {
      // A code filter or schemas may have changed though their names have not.
      const reading = await openReading(changed, options);
      return async () => {
        const { rotationMs, retention } = stream.config;
        stream.reconfigure(reading);
        if (isDeepStrictEqual([rotationMs, retention], [changed.rotationMs, changed.retention])) {
          return;
        }
        await maintenance[Symbol.asyncDispose]();
        maintenance = startMaintenance(stream, options);
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

interface OpenStoreOptions {
  synchronous: "FULL" | "NORMAL";
  skewUs: number;
  devicePrefixes: readonly string[];
  nowUs: number;
  logger: Logger;
}

/**
 * Opens the store of a stream, and tells what was found there.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
function openStreamStore(
  { name, place, filters }: StreamConfig,
  { synchronous, skewUs, devicePrefixes, nowUs, logger }: OpenStoreOptions,
): StreamStore {
  const common = { stream: name, synchronous, devicePrefixes, nowUs };
  const store =
    place.kind === "folder"
      ? openSegmentedStore({ ...common, folder: place.folder })
      : openStore({ ...common, file: place.file, legacyTopic: topicOf(filters) ?? name, skewUs });
  if (store.damaged !== null) {
    logger.error(
      { stream: name, ...store.damaged },
      "the store is damaged: it is kept under another name, and a new one was begun. What is not confirmed comes again; save the rest out of it with: sqlite3 <file> .recover",
    );
  }
  if (store.damagedLog !== null) {
    logger.error(
      { stream: name, ...store.damagedLog },
      "the write-ahead log is damaged: SQLite reads only what lies before the damage, and so many commits behind it are gone. weir audit shows what is missing of publishers with an outbox; the disk or the memory of this machine may be failing",
    );
  }
  if (store.kind === "file" && store.imported !== null) {
    logger.info({ stream: name, ...store.imported }, "imported a file of the old system");
  }
  return store;
}

/** The file that a stream's rows are written to at the moment. */
export function liveFileOf(store: StreamStore, { place }: Pick<StreamConfig, "place">): string {
  if (store.kind === "folder") return store.liveFile();
  return place.kind === "file" ? place.file : place.folder;
}

/** The first topic among filters: rows of the old system, which kept none, get it. */
function topicOf(filters: readonly string[]): string | undefined {
  return filters.find((filter) => topicProblem(filter) === null);
}
