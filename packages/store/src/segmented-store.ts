import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { errorMessage, Fault, isLocked, lockFile, orOpeningFault } from "@weir/runtime";
import { openClosedTask } from "./deletion/closed-segment.ts";
import { openLiveTask } from "./deletion/rows-task.ts";
import { BALLAST_BYTES, openBallast, orFullFault } from "./retention/disk-space.ts";
import {
  createCatalogue,
  type FolderLimits,
  type RemovedSegments,
  type SegmentInfo,
} from "./retention/remove-segments.ts";
import { type SettledFolder, settleFolder } from "./rotation/folder.ts";
import {
  makeFolder,
  makeSegment,
  nextSegmentName,
  type RotationStep,
  type SegmentName,
  sealSegment,
  unmakeSegment,
} from "./rotation/make-segment.ts";
import { emptyLog, openSegment, type SegmentOptions } from "./segment/segment-file.ts";
import {
  createSegmentWriter,
  END_LOCK,
  newReachedLimits,
  type SegmentWriter,
  type WriterOptions,
} from "./segment/segment-writer.ts";
import type { FileStore, Store } from "./store.ts";

/** A store in a folder of segments, from which retention removes files. */
export interface SegmentedStore extends Store {
  kind: "folder";
  /** The path of the segment that is written. */
  liveFile(): string;
  /** When it was begun, by the clock of then, in microseconds since the epoch. */
  liveSinceUs(): number;
  /**
   * Continues in a new segment.
   *
   * @throws Fault when it cannot be made. The live one then stays live and usable.
   */
  rotate(nowUs: number): Rotated;
  /** Closed segments that a finalizer has to finish, as paths. */
  unfinished(): string[];
  /** Finished segments that ended before this time and are to be archived, as paths: with each call a few more. */
  toArchive(endedBeforeUs: number): string[];
  /** Notes that a segment has been archived. */
  noteArchived(file: string): void;
  /** All segments, in order; the last is the live one. */
  segments(): SegmentInfo[];
  /** Removes what retention does not keep, a bounded number of files, the oldest first. */
  removeOldest(limits: FolderLimits): Promise<RemovedSegments>;
}

/** The store of a stream: from one `kind` retention removes rows, from the other files. */
export type StreamStore = FileStore | SegmentedStore;

/** A rotation that has been made. Paths. */
export interface Rotated {
  live: string;
  /** No longer written; it can be finished. */
  sealed: string;
}

export interface SegmentedStoreOptions
  extends Pick<SegmentOptions, "synchronous" | "nowUs">,
    Pick<WriterOptions, "devicePrefixes" | "topicLimits"> {
  folder: string;
  /** The stream's name; its segments bear it. */
  stream: string;
  /** See `StoreOptions`. */
  ballastBytes?: number;
  /** Called after each step of making a segment, for tests that kill there. */
  onStep?: (step: RotationStep) => void;
}

/**
 * Opens a stream's folder for writing: takes its lock, repairs what a kill has left unfinished, goes on
 * in the newest segment or begins the first.
 *
 * @throws Fault when it is locked or cannot be written, or when a newer version has written in it.
 */
export function openSegmentedStore(options: SegmentedStoreOptions): SegmentedStore {
  const { stream, nowUs, onStep = () => {}, ballastBytes = BALLAST_BYTES } = options;
  const folder = resolve(options.folder);
  const setting = `streams.${stream}.folder`;
  const owner = join(folder, "stream");
  const lock = {
    message: `another logger is writing in ${options.folder}`,
    remedy: `Stop it, or name another folder for the stream ${stream}: a folder has one writer.`,
  };
  using opening = new DisposableStack();
  const ballast = orOpeningFault(folder, setting, () => {
    makeFolder(folder, setting);
    opening.use(lockFile(owner, lock));
    return openBallast(owner, ballastBytes);
  });
  const reached = newReachedLimits();
  const openLive = (file: string, atUs: number): LiveSegment =>
    openLiveSegment({ ...options, file, nowUs: atUs, reached }, setting);

  function openFolder(): SettledFolder & { live: LiveSegment } {
    const settled = orOpeningFault(folder, setting, () =>
      settleFolder({ folder, stream, nowUs, onStep }),
    );
    const newest = settled.segments.at(-1) as SegmentName;
    const begun = openLive(join(folder, newest.name), nowUs);
    if (settled.damagedLog !== null) emptyLog(begun.database);
    return { ...settled, live: begun };
  }

  const { segments, damaged, damagedLog, ...begun } = orFullFault(folder, () =>
    ballast.lendWhenShort(openFolder),
  );
  let { newestUs, live } = begun;
  opening.defer(() => live.writer[Symbol.dispose]());
  const catalogue = createCatalogue(folder, segments);
  // Set when a start would go on with another file than the one that is written.
  let lost: Fault | null = null;

  function writable(): SegmentWriter {
    if (lost !== null) throw lost;
    return live.writer;
  }

  /** Nothing is overwritten, not even what an operator has put there by hand. */
  function nextFreeName(nowUs: number): SegmentName {
    for (;;) {
      const next = nextSegmentName(stream, { nowUs, newestUs });
      newestUs = next.namedUs;
      if (!existsSync(join(folder, next.name))) return next;
    }
  }

  function rotate(atUs: number): Rotated {
    const writer = writable();
    const next = nextFreeName(atUs);
    const file = join(folder, next.name);
    const old = live;
    let opened: LiveSegment | null = null;
    try {
      const facts = { stream, createdUs: atUs };
      writer.notingDamage(() => makeSegment({ file, facts, predecessor: old.file, onStep }));
      opened = openLive(file, atUs);
      onStep("opened");
      sealSegment(old.database, { sealedUs: atUs, successor: next.name });
    } catch (cause) {
      opened?.writer[Symbol.dispose]();
      undo(file);
      throw rotationFault(file, cause);
    }
    live = opened;
    catalogue.add(next);
    onStep("sealed");
    old.writer[Symbol.dispose]();
    return { live: file, sealed: old.file };
  }

  function undo(file: string): void {
    try {
      unmakeSegment(file);
    } catch (cause) {
      lost = lostFault(file, cause);
    }
  }

  // From here on the caller closes them.
  const closing = opening.move();
  return {
    kind: "folder",
    damaged,
    damagedLog,
    reached,
    append: (rows, exchanges) => writable().append(rows, exchanges),
    reserve: () => writable().reserve(),
    release: () => live.writer.release(),
    isLocked: () => live.writer.isLocked(),
    openPackets: {
      hasAny: (session, packetIds) => live.writer.openPackets.hasAny(session, packetIds),
      isEmpty: () => live.writer.openPackets.isEmpty(),
    },
    forgetIdle: (limits) => live.writer.forgetIdle(limits),
    receiptOf: (publisher) => live.writer.receiptOf(publisher),
    recentPublishers: (limit) => live.writer.recentPublishers(limit),
    isEstablished: (publisher) => live.writer.isEstablished(publisher),
    /** Rows of the live segment, bytes of all segments. */
    size: () => ({ rows: live.writer.size().rows, bytes: catalogue.bytes() }),
    end: () => ({ segment: basename(live.file), id: live.writer.nextId() - 1 }),
    openRowsTask({ file }, request) {
      if (file !== live.file) {
        return openClosedTask(file, request, () => catalogue.lookAgainAt(file));
      }
      const opened = live;
      const task = openLiveTask(opened, request);
      return { ...task, isCurrent: () => live === opened && task.isCurrent() };
    },
    liveFile: () => live.file,
    liveSinceUs: () => live.sinceUs,
    rotate: (atUs) => ballast.lendWhenShort(() => rotate(atUs)),
    unfinished: () =>
      catalogue
        .infos()
        .filter(({ state }) => state === "sealed")
        .map(({ file }) => file),
    toArchive: catalogue.toArchive,
    noteArchived: catalogue.lookAgainAt,
    segments: catalogue.infos,
    removeOldest: async (limits) => {
      const removed = await catalogue.removeOldest(limits);
      ballast.keep();
      return removed;
    },
    isShortOfSpace: ballast.isShort,
    [Symbol.dispose]: () => closing.dispose(),
  };
}

type LiveSegment = ReturnType<typeof openLiveSegment>;

/** Opens the segment of a stream that is written. @param setting the setting that names its folder. */
function openLiveSegment(options: SegmentOptions & WriterOptions, setting: string) {
  const { file } = options;
  using opening = new DisposableStack();
  const database = opening.adopt(openSegment(options, setting), (opened) => opened.close());
  const writer = createSegmentWriter(database, file, options);
  const sinceUs = database.prepare("SELECT created_us FROM segment").pluck().get() as number;
  // From here on the writer closes it.
  opening.move();
  return { file, database, writer, sinceUs };
}

/** A rotation that failed. The segment that was live goes on. */
function rotationFault(file: string, cause: unknown): Fault {
  return new Fault(
    `${file} cannot be begun: ${errorMessage(cause)}; the segment before it goes on`,
    {
      remedy: isLocked(cause)
        ? END_LOCK
        : "Free some disk space, or repair the disk. Weir tries again.",
      cause,
    },
  );
}

/** A successor that failed and cannot be removed: going on beside it would store messages twice. */
function lostFault(file: string, cause: unknown): Fault {
  return new Fault(`${file} is incomplete and cannot be removed: ${errorMessage(cause)}`, {
    remedy: "Repair the disk and start again: the next start continues in that file.",
    cause,
  });
}
