import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Fault, lockFile, orOpeningFault } from "@weir/runtime";
import { emptyLog } from "./retention/prune.ts";
import { BALLAST_BYTES, openBallast } from "./retention/room.ts";
import { type SettledFolder, settleFolder } from "./rotation/folder.ts";
import {
  makeFolder,
  makeSegment,
  type Seal,
  sealSegment,
  unmakeSegment,
} from "./rotation/make-segment.ts";
import {
  type Catalogue,
  createCatalogue,
  createRemoval,
  type RemoveOldest,
  type SegmentInfo,
} from "./rotation/removal.ts";
import { nextSegmentName, type SegmentName } from "./rotation/segment-name.ts";
import { lostFault, orFullFault, rotationFault } from "./segment/damage.ts";
import { openSegment, type SegmentOptions } from "./segment/segment-file.ts";
import {
  createSegmentWriter,
  newReachedLimits,
  type SegmentWriter,
  type WriterOptions,
} from "./segment/segment-writer.ts";
import type { Store } from "./store.ts";

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

/** A store in a folder of segments, from which retention removes files. */
export interface SegmentedStore extends Store {
  kind: "folder";
  /** The path of the segment that is written. */
  liveFile(): string;
  /** When it was begun, by the clock of then, in microseconds since the epoch. */
  liveSinceUs(): number;
  /**
   * Goes on in a new segment.
   *
   * @throws Fault when it cannot be made. The live one then stays live and usable.
   */
  rotate(nowUs: number): Rotated;
  /** Closed segments that are to be handed to a finalizer, as paths. */
  unfinished(): string[];
  /** All segments, in order; the last is the live one. */
  segments(): SegmentInfo[];
  /** Removes what retention does not keep, a bounded number of files. */
  removeOldest: RemoveOldest;
}

/** A rotation that has been made. Paths. */
export interface Rotated {
  live: string;
  /** Is not written any more, and can be finished. */
  sealed: string;
}

/**
 * Opens a stream's folder for writing: takes its lock, makes good what a kill has left undone, goes on
 * in the newest segment or begins the first.
 *
 * @throws Fault when it is locked or cannot be written, or when a newer version has written in it.
 */
export function openSegmentedStore(options: SegmentedStoreOptions): SegmentedStore {
  const { stream, synchronous, nowUs, onStep = () => {}, ballastBytes = BALLAST_BYTES } = options;
  const folder = resolve(options.folder);
  const setting = `streams.${stream}.folder`;
  using opening = new DisposableStack();
  const owner = join(folder, "stream");
  const ballast = orOpeningFault(folder, setting, () => {
    makeFolder(folder, setting);
    opening.use(lockFolder(owner, options));
    return openBallast(owner, ballastBytes);
  });
  const reached = newReachedLimits();
  const openLive = (file: string, atUs: number): LiveSegment =>
    openLiveSegment({ ...options, file, stream, synchronous, nowUs: atUs, reached }, setting);

  function openFolder(): SettledFolder & { catalogue: Catalogue; live: LiveSegment } {
    const settled = orOpeningFault(folder, setting, () =>
      settleFolder({ folder, stream, nowUs, onStep }),
    );
    const catalogue = createCatalogue(folder, settled.segments);
    const begun = openLive(catalogue.live().file, nowUs);
    if (settled.damagedLog !== null) begun.emptyLog();
    return { ...settled, catalogue, live: begun };
  }

  const { catalogue, damaged, damagedLog, ...begun } = orFullFault(folder, () =>
    ballast.lendWhenShort(openFolder),
  );
  let { newestUs, live } = begun;
  opening.defer(() => live[Symbol.dispose]());
  // Set when a start would go on with another file than the one that is written.
  let lost: Fault | null = null;

  function rotate(atUs: number): Rotated {
    if (lost !== null) throw lost;
    const next = freeName(folder, () => {
      const name = nextSegmentName(stream, { nowUs: atUs, newestUs });
      newestUs = name.namedUs;
      return name;
    });
    const file = join(folder, next.name);
    const old = live;
    using successor = new DisposableStack();
    let opened: LiveSegment;
    try {
      const facts = { stream, createdUs: atUs };
      old.noting(() => makeSegment({ file, facts, predecessor: old.file, onStep }));
      opened = successor.use(openLive(file, atUs));
      onStep("opened");
      old.seal({ sealedUs: atUs, successor: next.name });
    } catch (cause) {
      successor.dispose();
      undo(file);
      throw rotationFault(file, cause);
    }
    successor.move();
    live = opened;
    catalogue.add(next);
    onStep("sealed");
    old[Symbol.dispose]();
    return { live: file, sealed: old.file };
  }

  function undo(file: string): void {
    try {
      unmakeSegment(file);
    } catch (cause) {
      lost = lostFault(file, cause);
    }
  }

  const removeOldest = createRemoval(folder, catalogue);
  // From here on the caller closes them.
  const closing = opening.move();
  return {
    kind: "folder",
    damaged,
    damagedLog,
    append: (rows, exchanges) => {
      if (lost !== null) throw lost;
      return live.append(rows, exchanges);
    },
    openPackets: {
      hasAny: (session, packetIds) => live.openPackets.hasAny(session, packetIds),
      isEmpty: () => live.openPackets.isEmpty(),
    },
    reserve: () => {
      if (lost !== null) throw lost;
      live.reserve();
    },
    release: () => live.release(),
    isLocked: () => live.isLocked(),
    forgetIdle: (limits) => live.forgetIdle(limits),
    receiptOf: (publisher) => live.receiptOf(publisher),
    recentPublishers: (limit) => live.recentPublishers(limit),
    isEstablished: (publisher) => live.isEstablished(publisher),
    reached,
    size: () => ({
      rows: live.rows(),
      bytes: catalogue.infos().reduce((sum, { bytes }) => sum + bytes, 0),
    }),
    liveFile: () => live.file,
    liveSinceUs: () => live.sinceUs,
    rotate: (atUs) => ballast.lendWhenShort(() => rotate(atUs)),
    unfinished: () =>
      catalogue
        .infos()
        .filter(({ state }) => state === "sealed")
        .map(({ file }) => file),
    segments: catalogue.infos,
    removeOldest: async (limits) => {
      const removed = await removeOldest(limits);
      ballast.keep();
      return removed;
    },
    isShortOfRoom: ballast.isShort,
    [Symbol.dispose]: () => closing.dispose(),
  };
}

function lockFolder(
  owner: string,
  { folder, stream }: Pick<SegmentedStoreOptions, "folder" | "stream">,
): Disposable {
  return lockFile(owner, {
    message: `another logger is writing in ${folder}`,
    remedy: `Stop it, or name another folder for the stream ${stream}: a folder has one writer.`,
  });
}

/** Whatever somebody has put there by hand: nothing is overwritten. */
function freeName(folder: string, nextName: () => SegmentName): SegmentName {
  let name = nextName();
  while (existsSync(join(folder, name.name))) name = nextName();
  return name;
}

/** The segment of a stream that is written. */
interface LiveSegment extends SegmentWriter {
  file: string;
  /** When it was begun, by the clock of then, in microseconds since the epoch. */
  sinceUs: number;
  /** See `emptyLog` in give-back.ts. */
  emptyLog(): void;
  /** Its last transaction. */
  seal(seal: Seal): void;
}

/** @param setting the setting that names its folder. */
function openLiveSegment(options: SegmentOptions & WriterOptions, setting: string): LiveSegment {
  using opening = new DisposableStack();
  const database = opening.adopt(openSegment(options, setting), (opened) => opened.close());
  const writer = createSegmentWriter(database, options.file, options);
  const sinceUs = database.prepare("SELECT created_us FROM segment").pluck().get() as number;
  // From here on the writer closes it.
  opening.move();
  return {
    ...writer,
    file: options.file,
    sinceUs,
    emptyLog: () => emptyLog(database),
    seal: (seal) => sealSegment(database, seal),
  };
}

/** What a rotation has just done. A kill after any of them is made good at the next start. */
export const ROTATION_STEPS = [
  "folder made",
  "written",
  "synced",
  "renamed",
  "durable",
  "opened",
  "sealed",
] as const;

export type RotationStep = (typeof ROTATION_STEPS)[number];
