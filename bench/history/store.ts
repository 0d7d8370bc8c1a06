import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import { systemClock } from "@weir/runtime";
import {
  Catalogue,
  indexFileOf,
  PointsStore,
  type Position,
  type Reading,
  readMemory,
} from "@weir/series";
import { SeriesFollower } from "@weir/stats/series-follower";
import { openSegmentedStore, positionOf, readRange, startSegmentFinalizer } from "@weir/store";
import { openSeriesReader, type StoredStream } from "@weir/streams";
import { type DataSet, rowsOf } from "./sets.ts";

/** A segment is closed after so many rows; of a day, in a stream with eleven a second. */
export const SEGMENT_ROWS = 1_000_000;
const SKEW_US = 60_000_000;

/** The messages of a set as the logger leaves them, and what stats makes of them. */
export interface Store {
  streams: readonly StoredStream[];
  indexFile: string;
  historyFolder: string;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
  /** The closed segments; each is finished. */
  segments: readonly string[];
}

/** Stores all messages of a set in a folder, in closed segments, and has its catalogue made. */
export async function makeStore(set: DataSet, folder: string): Promise<Store> {
  const stream: StoredStream = {
    name: set.name,
    place: { kind: "folder", folder: join(folder, set.name) },
    decoder: { kind: "auto" },
    timeZone: null,
    series: "auto",
    statistics: false,
    historyMs: Number.POSITIVE_INFINITY,
  };
  const segments = await storeRows(set, join(folder, set.name));
  const indexFile = indexFileOf(join(folder, "weir.db"));
  await makeCatalogue(stream, indexFile);
  await makePoints(stream, indexFile);
  const historyFolder = join(folder, "history");
  return { streams: [stream], indexFile, historyFolder, skewUs: SKEW_US, segments };
}

async function storeRows(set: DataSet, folder: string): Promise<string[]> {
  const { name: stream, fromUs, toUs } = set;
  using store = openSegmentedStore({ folder, stream, synchronous: "NORMAL", nowUs: fromUs });
  let rowsInSegment = 0;
  for (const rows of rowsOf(set)) {
    store.append(rows);
    await yieldToEvents();
    rowsInSegment += rows.length;
    if (rowsInSegment < SEGMENT_ROWS) continue;
    // There are rows: a part is never empty.
    store.rotate(rows.at(-1)?.receivedUs ?? toUs);
    rowsInSegment = 0;
  }
  if (rowsInSegment > 0) store.rotate(toUs);
  const closed = store.unfinished();
  await finish(closed);
  return closed;
}

/** Finishes closed segments as the logger does. */
async function finish(segments: readonly string[]): Promise<void> {
  if (segments.length === 0) return;
  const finished = Promise.withResolvers<void>();
  let left = segments.length;
  await using finalizer = startSegmentFinalizer({
    clock: systemClock,
    onFinished: () => {
      left -= 1;
      if (left === 0) finished.resolve();
    },
    onUnfinished: ({ file, reason }) => finished.reject(new Error(`${file}: ${reason}`)),
  });
  for (const file of segments) finalizer.finish(file);
  await finished.promise;
}

/** Reads all rows of a stream as stats does that keeps no points. */
async function makeCatalogue(stream: StoredStream, indexFile: string): Promise<void> {
  using catalogue = new Catalogue(indexFile);
  using follower = new SeriesFollower({
    name: stream.name,
    place: stream.place,
    reader: openSeriesReader(stream, SKEW_US),
    catalogue,
    history: null,
    statistics: null,
    skewUs: SKEW_US,
    moment: () => ({ atSecond: Math.floor(Date.now() / 1_000), nowMs: performance.now() }),
    onAdded: () => {},
    onSkipped: ({ reason }) => {
      throw new Error(reason);
    },
    onRestarted: () => {},
    onForgotten: () => {},
  });
  do await follower.follow();
  while (!follower.isComplete());
  catalogue.save();
}

/** Writes the points of all rows of a stream, merged as far as they will ever be, and their index. */
export async function makePoints(stream: StoredStream, indexFile: string): Promise<void> {
  const historyMs = stream.historyMs ?? Number.POSITIVE_INFINITY;
  const options = {
    indexFile,
    clock: systemClock,
    onLost: ({ file, reason }: { file: string; reason: unknown }) => {
      throw new Error(`${file} is lost`, { cause: reason });
    },
  };
  {
    using points = new PointsStore(options);
    const writer = await points.stream(stream.name, { historyMs });
    for await (const readings of readStream(stream, indexFile)) {
      for (const { reading, row } of readings) {
        const { topic } = reading;
        for (const { path, observedUs, value } of reading.points) {
          writer.add(topic, path, observedUs, value);
        }
        writer.pass(row);
      }
      if (writer.isDue) await writer.flush();
    }
    await writer.flush();
    while (await writer.merge());
  }
  // Files that others took the place of are removed when it is opened again.
  using again = new PointsStore(options);
  await again.stream(stream.name, { historyMs });
}
/** A row that was read as points. */
interface ReadRow {
  reading: Reading;
  row: Position & { receivedUs: number };
}

/** Reads the points of all rows of a stream, in parts. */
export async function* readStream(
  stream: StoredStream,
  indexFile: string,
): AsyncGenerator<ReadRow[]> {
  const reader = openSeriesReader(stream, SKEW_US);
  const memory = readMemory(indexFile, stream.name);
  for await (const { messages } of readRange(stream.place)) {
    yield messages.map((message) => {
      const position = positionOf(message.cursor);
      const row = { ...position, receivedUs: message.receivedUs };
      return { reading: reader.read(message, memory.at(position)), row };
    });
  }
}

/** The size of files, in bytes. */
export function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

/** The size of all files in a folder and those below it, in bytes. */
export function folderBytes(folder: string): number {
  return bytesOf(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
}
