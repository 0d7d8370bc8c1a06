import { basename } from "node:path";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import {
  type CataloguedSeries,
  Collector,
  comparePositions,
  type DamagedFileFault,
  type MasksOf,
  Pace,
  type PartialBuckets,
  SeriesHistory,
  StoredBatch,
  StoredPoints,
} from "@weir/series";
import {
  DeletionMasks,
  deletionsFileOf,
  lastPosition,
  type RowPosition,
  readDeletions,
  type Skipped,
} from "@weir/store";
import type { HistorySource } from "./history.ts";
import { readPoints } from "./history-rows.ts";
import type { StoredStream } from "./stream-config.ts";

interface Request {
  /** Of the buckets; the one before the first that is answered is there, too. */
  edges: readonly number[];
  isThorough: boolean;
  /** The last row to read; `null` where nothing is stored. Each pass over the rows ends there. */
  end: RowPosition | null;
}

interface Answer {
  series: CataloguedSeries;
  partials: PartialBuckets;
  /** The last row whose points count. */
  through: RowPosition | null;
}

/** Merging replaces files, so that those of an older snapshot are gone: a new one has what took their place. */
export const SNAPSHOTS_MAX = 3;

/** Answers for series of one stream, in the order in which their points are stored: some at a time. */
export async function* answersOf(
  asked: readonly CataloguedSeries[],
  stream: StoredStream,
  source: HistorySource,
  asking: Omit<Request, "end">,
): AsyncGenerator<readonly Answer[]> {
  const request = { ...asking, end: await lastPosition(stream.place) };
  const left = new Set(asked.toSorted(inStoredOrder));
  // Reading once more would report the same once more.
  const onSkipped = onlyOnce(source.onSkipped);
  for (let snapshots = 1; ; snapshots += 1) {
    try {
      const given = { ...source, onSkipped };
      for await (const answers of answersOfSnapshot([...left], stream, given, request)) {
        for (const { series } of answers) left.delete(series);
        yield answers;
      }
      return;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      if (snapshots === SNAPSHOTS_MAX) throw goneFault(error);
    }
  }
}

async function* answersOfSnapshot(
  asked: readonly CataloguedSeries[],
  stream: StoredStream,
  source: HistorySource,
  { edges, isThorough, end }: Request,
): AsyncGenerator<readonly Answer[]> {
  const pace = new Pace();
  using stored =
    stream.historyMs === null
      ? null
      : StoredPoints.open(source.indexFile, masksBeside(source.indexFile));
  const kept = stored?.through(stream.name) ?? null;
  // A flush since the end was determined has stored points of rows behind it.
  const through = isBefore(end, kept) ? kept && { segment: kept.segment, id: kept.id } : end;
  const keptFromUs = stored?.keptFromUs(stream.name) ?? Number.NEGATIVE_INFINITY;
  const snapshot = {
    points: kept === null ? null : stored,
    keptFromUs,
    onDamaged: ({ file, message }: DamagedFileFault) =>
      source.onSkipped({ segment: basename(file), kind: "unreadable", reason: message }),
  };
  const histories = asked.map((series) => new SeriesHistory(snapshot, series));
  const collector = new Collector(asked.length, edges);
  const fromUs = (edges[0] as number) - source.skewUs;
  const query = {
    ...(kept === null ? {} : { behind: kept }),
    ...(through === null ? {} : { through }),
    ...(isThorough ? { isThorough } : { fromUs }),
  };
  const collect = async (): Promise<void> => {
    if (through === null) return;
    await readPoints({ ...source, stream, asked, query, pace }, (index, us, value) => {
      if (us >= keptFromUs) collector.add(index, us, value);
    });
  };

  await collect();
  for (const [index, history] of histories.entries()) {
    const parts = collector.partsOf(index);
    // Of most series nothing is behind the stored points.
    if (parts.length === 0) continue;
    const overlapped = await history.overlapped(parts, pace);
    for (const cell of overlapped) collector.unsort(index, cell);
  }
  while (collector.beginPass()) {
    await collect();
    await collector.endPass(
      (index, cell, points) => (histories[index] as SeriesHistory).foldWith(cell, points, pace),
      pace,
    );
  }
  const span = { fromUs: edges[0] as number, toUs: edges.at(-1) as number };
  const size = StoredBatch.sizeMax(span);
  for (let at = 0; at < asked.length; at += size) {
    source.signal.throwIfAborted();
    const some = histories.slice(at, at + size);
    const ids = some.map(({ id }) => id).filter((id) => id !== null);
    const batch = snapshot.points && new StoredBatch(snapshot.points, ids, span);
    const answers: Answer[] = [];
    for (const [place, history] of some.entries()) {
      const index = at + place;
      const partials = await history.fold(edges, collector.partsOf(index), { batch, pace });
      answers.push({ series: asked[index] as CataloguedSeries, partials, through });
    }
    yield answers;
  }
}

/** `null` is before every row. */
function isBefore(one: RowPosition | null, other: RowPosition | null): boolean {
  if (other === null) return false;
  return one === null || comparePositions(one, other) < 0;
}

/** What the deletions in the list beside an index hide. */
export function masksBeside(indexFile: string): MasksOf {
  const masks = new DeletionMasks(readDeletions(deletionsFileOf(indexFile)));
  return (stream, topic) => masks.spansOf(stream, topic);
}

/** The order in which points of series are stored. */
export function inStoredOrder(one: CataloguedSeries, other: CataloguedSeries): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  if (one.path === other.path) return 0;
  return one.path < other.path ? -1 : 1;
}

/** Reports each reason once. */
export function onlyOnce(onSkipped: (skipped: Skipped) => void): (skipped: Skipped) => void {
  const reasons = new Set<string>();
  return (skipped) => {
    if (!reasons.has(skipped.reason)) onSkipped(skipped);
    reasons.add(skipped.reason);
  };
}

/** The error for files that are gone again and again. */
export function goneFault(cause: unknown): Fault {
  return new Fault(
    `files of the history were replaced while they were read: ${errorMessage(cause)}`,
    {
      remedy: "Ask again. If that does not help, restart stats: it looks after the files.",
      exitCode: EXIT_CODES.tryLater,
      cause,
    },
  );
}
