import type { Database, Statement } from "better-sqlite3";
import {
  openIndex,
  openIndexForReading,
  orReadingFault,
  whileReading,
} from "../index-file/index-file.ts";
import { StreamMemory, type Version } from "../reading/memory.ts";
import type { About, Metadata } from "../reading/reading.ts";
import { isEmpty, KnownMetadata } from "./known-metadata.ts";
import { type Entry, type Progress, StreamCatalogue } from "./stream-catalogue.ts";

const SAVE_SERIES = `
INSERT INTO series (stream, topic, path, family, kind, name, unit, class, device, points, first_us,
                    newest_us, newest_value, received_us, interval_ms)
VALUES (@stream, @topic, @path, @family, @kind, @name, @unit, @class, @device, @points, @firstUs,
        @newestUs, @newestValue, @receivedUs, nullif(@intervalMs, 0))
ON CONFLICT DO UPDATE SET
  family = excluded.family, kind = excluded.kind, name = excluded.name, unit = excluded.unit,
  class = excluded.class, device = excluded.device, points = excluded.points, first_us = excluded.first_us,
  newest_us = excluded.newest_us, newest_value = excluded.newest_value, received_us = excluded.received_us,
  interval_ms = excluded.interval_ms`;

const SERIES = `
SELECT stream, topic, path, family, kind, name, unit, class, device, points, first_us AS firstUs,
       newest_us AS newestUs, newest_value AS newestValue, received_us AS receivedUs,
       coalesce(interval_ms, 0) AS intervalMs
FROM series`;

const PROGRESS = "SELECT stream, segment, row_id AS id, received_us AS receivedUs FROM streams";

const MEMORY = `
SELECT key, segment, row_id AS id, content FROM memory WHERE stream = ? ORDER BY segment, row_id`;

/**
 * The catalogue of all series: what each is, its newest value, and what families remember. It is a SQLite file
 * beside the store, which one program writes. What was not saved when that is killed is read from the rows again.
 */
export class Catalogue implements Disposable {
  /** Where a damaged file is kept that was found in its place; `null` for none. */
  readonly keptAs: string | null;
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #metadata: KnownMetadata;
  readonly #streams = new Map<string, StreamCatalogue>();

  /** @throws Fault for a file of another program, and what SQLite throws when it cannot open the file. */
  constructor(file: string, nowMs: number = Date.now()) {
    const { database, keptAs } = openIndex(file, nowMs);
    this.#database = database;
    this.keptAs = keptAs;
    this.#statements = prepare(this.#database);
    this.#metadata = new KnownMetadata(readMetadata(this.#database));
  }

  /** The series of one stream. */
  stream(name: string): StreamCatalogue {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const { progress, series, memory } = this.#statements;
    const stream = new StreamCatalogue({
      metadata: this.#metadata,
      memory: new StreamMemory((memory.all(name) as SavedVersion[]).map(versionOf)),
      progress: (progress.get(name) as Progress | undefined) ?? null,
      saved: series.all(name) as Entry[],
    });
    this.#streams.set(name, stream);
    return stream;
  }

  /** Takes over what a message says of series on any stream. */
  describe(metadata: readonly Metadata[]): void {
    for (const one of metadata) {
      if (!this.#metadata.take(one)) continue;
      for (const stream of this.#streams.values()) stream.redescribe(one.topic, one.path);
    }
  }

  /**
   * Makes all that was counted durable, together with the positions, in one transaction. After a failure the next
   * call saves the same once more.
   *
   * @throws what SQLite throws: the disk is full, another program has locked the file.
   */
  save(): void {
    this.#database.transaction(() => this.#write())();
    this.#metadata.markSaved();
    for (const stream of this.#streams.values()) stream.markSaved();
  }

  #write(): void {
    const { saveMetadata, removeMetadata, saveMemory, removeMemory } = this.#statements;
    const { saveProgress, removeProgress, saveSeries, removeSeries } = this.#statements;
    for (const { topic, path, source, about } of this.#metadata.unsaved()) {
      if (isEmpty(about)) removeMetadata.run(topic, path, source);
      else saveMetadata.run(topic, path, source, JSON.stringify(about));
    }
    for (const [name, stream] of this.#streams) {
      const { changed, removed } = stream.changes();
      for (const { topic, path } of removed) removeSeries.run(name, topic, path);
      for (const entry of changed) saveSeries.run({ ...entry, stream: name });
      const { forgotten, remembered } = stream.memory.changes();
      for (const { key, position } of forgotten) {
        removeMemory.run(name, key, position.segment, position.id);
      }
      for (const { key, position, json } of remembered) {
        saveMemory.run(name, key, position.segment, position.id, json);
      }
      const { progress } = stream;
      if (progress === null) removeProgress.run(name);
      else saveProgress.run({ ...progress, stream: name });
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** One series of the catalogue, with its stream. */
export type CataloguedSeries = Entry & { stream: string };

/**
 * Reads the catalogue, also while it is written.
 *
 * @returns `null` while there is none.
 */
export function readCatalogue(file: string): CataloguedSeries[] | null {
  return whileReading(file, (database) => {
    const all = database.prepare(`${SERIES} ORDER BY stream, topic, path`).all();
    return all as CataloguedSeries[];
  });
}

/** The series of one topic, without reading the whole catalogue; `null` while there is none. */
export function readSeriesOfTopic(
  file: string,
  streams: readonly string[],
  topic: string,
): CataloguedSeries[] | null {
  return whileReading(file, (database) => {
    const ofTopic = database.prepare(`${SERIES} WHERE stream = ? AND topic = ?`);
    return streams.flatMap((stream) => ofTopic.all(stream, topic) as CataloguedSeries[]);
  });
}

/** Looks up the series of one topic after another, also while the catalogue is written: opening it costs more than a look. */
export class SeriesLookup implements Disposable {
  readonly #file: string;
  readonly #database: Database | null;
  readonly #ofTopic: Statement | null;

  /** @throws Fault for a file that cannot be read. */
  constructor(file: string) {
    this.#file = file;
    this.#database = openIndexForReading(file);
    this.#ofTopic = this.#database?.prepare(`${SERIES} WHERE stream = ? AND topic = ?`) ?? null;
  }

  /** Empty while there is no catalogue. @throws Fault for a file that cannot be read. */
  ofTopic(stream: string, topic: string): CataloguedSeries[] {
    try {
      return (this.#ofTopic?.all(stream, topic) ?? []) as CataloguedSeries[];
    } catch (error) {
      throw orReadingFault(this.#file, error);
    }
  }

  [Symbol.dispose](): void {
    this.#database?.close();
  }
}

/** Up to which row each stream was counted when the catalogue was saved, also while it is written. */
export function readProgress(file: string): ReadonlyMap<string, Progress> {
  const saved = whileReading(file, (database) => database.prepare(PROGRESS).all());
  return new Map(
    ((saved ?? []) as (Progress & { stream: string })[]).map(({ stream, ...row }) => [stream, row]),
  );
}

/** What the families of a stream have remembered, to read its rows once more. */
export function readMemory(file: string, stream: string): StreamMemory {
  const saved = whileReading(file, (database) => database.prepare(MEMORY).all(stream));
  return new StreamMemory(((saved ?? []) as SavedVersion[]).map(versionOf));
}

function prepare(database: Database) {
  return {
    progress: database.prepare(
      "SELECT segment, row_id AS id, received_us AS receivedUs FROM streams WHERE stream = ?",
    ),
    saveProgress: database.prepare(
      "REPLACE INTO streams VALUES (@stream, @segment, @id, @receivedUs)",
    ),
    removeProgress: database.prepare("DELETE FROM streams WHERE stream = ?"),
    series: database.prepare(`${SERIES} WHERE stream = ?`),
    saveSeries: database.prepare(SAVE_SERIES),
    removeSeries: database.prepare(
      "DELETE FROM series WHERE stream = ? AND topic = ? AND path = ?",
    ),
    saveMetadata: database.prepare("REPLACE INTO metadata VALUES (?, ?, ?, ?)"),
    removeMetadata: database.prepare(
      "DELETE FROM metadata WHERE topic = ? AND path = ? AND source = ?",
    ),
    memory: database.prepare(MEMORY),
    saveMemory: database.prepare("REPLACE INTO memory VALUES (?, ?, ?, ?, ?)"),
    removeMemory: database.prepare(
      "DELETE FROM memory WHERE stream = ? AND key = ? AND segment = ? AND row_id = ?",
    ),
  };
}

interface SavedVersion {
  key: string;
  segment: string;
  id: number;
  content: string;
}

function versionOf({ key, segment, id, content }: SavedVersion): Version {
  return { key, position: { segment, id }, content: JSON.parse(content), json: content };
}

function readMetadata(database: Database): Metadata[] {
  const rows = database.prepare("SELECT topic, path, source, about FROM metadata").all();
  return (rows as (Omit<Metadata, "about"> & { about: string })[]).map((row) => ({
    ...row,
    about: JSON.parse(row.about) as About,
  }));
}
