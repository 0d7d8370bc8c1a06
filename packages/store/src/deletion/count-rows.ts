import { ArchiveFile } from "../archive/archive-file.ts";
import { ArchiveGroup } from "../archive/archive-group.ts";
import { archiveOf, isArchived } from "../archive/archive-name.ts";
import type { StreamPlace } from "../reading/query.ts";
import { openForReading, type Segment, type Skipped, skippedBecause } from "../reading/segments.ts";
import { ArchivedRows } from "./archived-rows.ts";
import type { DeletedRows } from "./deletion-list.ts";
import { nextSegmentOf } from "./segments-of.ts";
import { SelectedRows, Stretches } from "./selected-rows.ts";

/** What a deletion would hide. Times of reception in microseconds since the epoch. */
export interface RowCounts {
  rows: number;
  /** Of their payloads. */
  bytes: number;
  /** Of the first and the last row; `null` where there is none. */
  firstUs: number | null;
  lastUs: number | null;
  /** Rows by topic, of the first topics that were found. */
  topics: Map<string, number>;
  /** Rows of the topics beyond those. */
  otherTopicsRows: number;
  skipped: Skipped[];
}

const TOPICS_MAX = 10_000;

/** Counts the rows that a deletion would hide, a few milliseconds in each step. */
export function* countRows(place: StreamPlace, rows: DeletedRows): Generator<void, RowCounts> {
  const counts: RowCounts = {
    rows: 0,
    bytes: 0,
    firstUs: null,
    lastUs: null,
    topics: new Map(),
    otherTopicsRows: 0,
    skipped: [],
  };
  let segment = nextSegmentOf(place, rows, null);
  while (segment !== null) {
    try {
      yield* countIn(segment, rows, counts);
    } catch (error) {
      counts.skipped.push(skippedBecause(error, segment));
    }
    segment = nextSegmentOf(place, rows, segment.name);
  }
  return counts;
}

interface TopicCount {
  topicId: number;
  rows: number;
  bytes: number;
  firstUs: number;
  lastUs: number;
}

function* countIn(segment: Segment, rows: DeletedRows, counts: RowCounts): Generator<void> {
  const { name, file } = segment;
  if (isArchived(file)) {
    yield* countInArchive(segment, rows, counts);
    return;
  }
  using opening = new DisposableStack();
  const database = opening.adopt(openForReading(file), (opened) => opened.close());
  const selected = opening.use(
    new SelectedRows(database, rows, { segment: name, name: "counted" }),
  );
  for (const _ of selected.collectTopics()) yield;
  const bounds = selected.bounds();
  if (bounds === null) return;
  const select = database.prepare<[Record<string, number>], TopicCount>(
    `SELECT topic_id AS topicId, count(*) AS rows, sum(length(payload)) AS bytes,
            min(received_us) AS firstUs, max(received_us) AS lastUs
     FROM rows WHERE ${selected.condition} AND ${selected.indexedTopicCondition()} GROUP BY topic_id`,
  );
  const topicOf = database
    .prepare<[number], string>("SELECT topic FROM topics WHERE id = ?")
    .pluck();
  const stretches = new Stretches();
  for (let { after } = bounds; after < bounds.through; ) {
    const stretch = stretches.next(after, bounds.through);
    const found = stretches.timed(() => select.all(selected.bind(stretch)));
    for (const count of found) add(counts, count, topicOf.get(count.topicId) ?? "");
    after = stretch.through;
    yield;
  }
}

function add(counts: RowCounts, found: TopicCount, topic: string): void {
  counts.rows += found.rows;
  counts.bytes += found.bytes;
  counts.firstUs = Math.min(counts.firstUs ?? found.firstUs, found.firstUs);
  counts.lastUs = Math.max(counts.lastUs ?? found.lastUs, found.lastUs);
  const known = counts.topics.get(topic);
  if (known === undefined && counts.topics.size >= TOPICS_MAX) counts.otherTopicsRows += found.rows;
  else counts.topics.set(topic, (known ?? 0) + found.rows);
}

function* countInArchive(
  { name, file }: Segment,
  rows: DeletedRows,
  counts: RowCounts,
): Generator<void> {
  using archive = new ArchiveFile(archiveOf(file));
  const meant = new ArchivedRows(name, [rows]);
  for (const [index, layout] of archive.groups.entries()) {
    if (!meant.mayBeIn(layout)) continue;
    const group = new ArchiveGroup(archive, index);
    const places = meant.placesIn(group);
    const payloads = group.payloadsAt(places);
    for (const [at, place] of places.entries()) {
      const us = group.receivedUs[place] as number;
      const bytes = payloads[at]?.length ?? 0;
      const found = { topicId: 0, rows: 1, bytes, firstUs: us, lastUs: us };
      add(counts, found, group.topics[place] as string);
    }
    yield;
  }
}
