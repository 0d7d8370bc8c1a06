import { isDeepStrictEqual } from "node:util";
import { topicProblem } from "@weir/protocol";
import { isLocked, type ServiceContext } from "@weir/runtime";
import {
  openSegmentedStore,
  openStore,
  type SegmentFinalizer,
  type StreamStore,
} from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { LoggerConfig } from "./config.ts";
import type { LockWaits } from "./lock-waits.ts";
import { startMaintenance } from "./maintenance.ts";
import { openReading, Stream } from "./stream.ts";

/** The streams that run. */
export class Streams implements AsyncDisposable {
  readonly #options: OpenStreamOptions;
  readonly #running = new Map<string, RunningStream>();

  constructor(options: OpenStreamOptions) {
    this.#options = options;
  }

  all(): Stream[] {
    return [...this.#running.values()].map(({ stream }) => stream);
  }

  /**
   * Opens the streams that are new, and reconfigures the others. On a full disk it waits until retention
   * has run in the new ones.
   *
   * @throws Fault when one of them fails; then all of them are as before.
   */
  async apply(configs: readonly StreamConfig[]): Promise<void> {
    await using opening = new AsyncDisposableStack();
    const opened: RunningStream[] = [];
    const changes: (() => Promise<void>)[] = [];
    for (const config of configs) {
      const known = this.#running.get(config.name);
      if (known !== undefined) changes.push(await known.prepare(config));
      else opened.push(opening.use(await openStream(config, this.#options)));
    }
    opening.move();
    for (const one of opened) this.#running.set(one.stream.config.name, one);
    for (const change of changes) await change();
    await Promise.all(opened.map(({ isReady }) => isReady));
  }

  /** Closes the streams that are not among these, once no connection brings messages for them. */
  async closeOthers(configs: readonly StreamConfig[]): Promise<void> {
    const names = new Set(configs.map(({ name }) => name));
    for (const [name, stream] of this.#running) {
      if (names.has(name)) continue;
      this.#running.delete(name);
      await stream[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using closing = new AsyncDisposableStack();
    for (const stream of this.#running.values()) closing.use(stream);
  }
}

interface OpenStreamOptions
  extends Pick<LoggerConfig, "synchronous" | "skewUs" | "devicePrefixes" | "maintenance">,
    Pick<ServiceContext, "clock" | "logger" | "fail"> {
  finalizer: SegmentFinalizer;
  locks: LockWaits;
}

type RunningStream = Awaited<ReturnType<typeof openStream>>;

/**
 * Opens a stream with its maintenance. Disposing closes the store last.
 *
 * @throws Fault when its store, its decoder or its code filter cannot be used.
 */
async function openStream(config: StreamConfig, options: OpenStreamOptions) {
  const { clock, skewUs } = options;
  await using opening = new AsyncDisposableStack();
  const store = opening.use(await openUnlocked(config, options));
  const stream = new Stream({ ...(await openReading(config, options)), store, clock, skewUs });
  let maintenance = startMaintenance(stream, options);
  opening.defer(() => maintenance[Symbol.asyncDispose]());

  const opened = opening.move();
  return {
    stream,
    /** Resolves when messages may be stored. */
    isReady: maintenance.mayStore,
    /**
     * Opens what another configuration of the same place needs; what it returns applies it.
     *
     * @throws Fault when something of it cannot be used; the stream is as before.
     */
    prepare: async (changed: StreamConfig) => {
      // A code filter or schemas may have changed though their names have not.
      const reading = await openReading(changed, options);
      return async (): Promise<void> => {
        const before = filesOf(stream.config);
        stream.reconfigure(reading);
        if (isDeepStrictEqual(before, filesOf(changed))) return;
        await maintenance[Symbol.asyncDispose]();
        maintenance = startMaintenance(stream, options);
      };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What maintenance goes by. */
function filesOf({ rotationMs, retention, archiveAfterMs }: StreamConfig) {
  return { rotationMs, retention, archiveAfterMs };
}

/** Opens a store, once no other program has locked it. */
async function openUnlocked(
  config: StreamConfig,
  options: OpenStreamOptions,
): Promise<StreamStore> {
  const nowUs = options.clock.now() * 1_000;
  let opened: StreamStore | null = null;
  let lockedBy: unknown = null;
  await options.locks.untilFree(config.name, () => {
    try {
      opened = openStreamStore(config, options, nowUs);
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

/**
 * Opens the store of a stream, and logs what was found there.
 *
 * @throws Fault when it is locked, cannot be written, or is something else.
 */
function openStreamStore(
  { name, place, filters }: StreamConfig,
  { synchronous, skewUs, devicePrefixes, logger }: OpenStreamOptions,
  nowUs: number,
): StreamStore {
  const common = { stream: name, synchronous, devicePrefixes, nowUs };
  // Rows of the old system have no topic: they get the first one among the filters.
  const legacyTopic = filters.find((filter) => topicProblem(filter) === null) ?? name;
  const store =
    place.kind === "folder"
      ? openSegmentedStore({ ...common, folder: place.folder })
      : openStore({ ...common, file: place.file, legacyTopic, skewUs });
  if (store.damaged !== null) {
    logger.error(
      { stream: name, ...store.damaged },
      "the store is damaged: it is kept under another name, and a new one was begun. Messages without a receipt come again; recover the rest with: sqlite3 <file> .recover",
    );
  }
  if (store.damagedLog !== null) {
    logger.error(
      { stream: name, ...store.damagedLog },
      "the write-ahead log is damaged: SQLite reads only what lies before the damage, and so many commits behind it are lost. weir audit shows what is missing of publishers with an outbox; the disk or the memory of this machine may be failing",
    );
  }
  if (store.kind === "file" && store.imported !== null) {
    logger.info({ stream: name, ...store.imported }, "imported a file of the old system");
  }
  return store;
}

/** The file that gets a stream's rows at the moment. */
export function liveFileOf(store: StreamStore, { place }: Pick<StreamConfig, "place">): string {
  if (store.kind === "folder") return store.liveFile();
  return place.kind === "file" ? place.file : place.folder;
}
