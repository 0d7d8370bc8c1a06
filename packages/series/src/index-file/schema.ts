import type { DatabaseFormat } from "@weir/runtime";

/** "WIdx": the file is an index of Weir. */
export const APPLICATION_ID = 0x57_49_64_78;

/** The version that a program writes. */
export const INDEX_VERSION = 2;

/** How the index is recognised. */
export const INDEX_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: INDEX_VERSION,
};

/** Text is UTF-8, times are microseconds since the epoch. */
const CATALOGUE = `
CREATE TABLE streams (
  stream TEXT PRIMARY KEY,
  -- Up to which row the stream has been read.
  segment TEXT NOT NULL, row_id INTEGER NOT NULL, received_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  stream TEXT NOT NULL, topic TEXT NOT NULL, path TEXT NOT NULL,
  family TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT, unit TEXT, class TEXT, device TEXT,
  points INTEGER NOT NULL,
  first_us INTEGER NOT NULL, newest_us INTEGER NOT NULL, newest_value REAL NOT NULL,
  received_us INTEGER NOT NULL,
  -- A moving average of the time between two arrivals, in milliseconds.
  interval_ms REAL,
  UNIQUE (stream, topic, path)
) STRICT;
CREATE TABLE metadata (
  topic TEXT NOT NULL, path TEXT NOT NULL, source TEXT NOT NULL, about TEXT NOT NULL,
  PRIMARY KEY (topic, path, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE memory (
  stream TEXT NOT NULL, key TEXT NOT NULL, segment TEXT NOT NULL, row_id INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (stream, key, segment, row_id)
) STRICT, WITHOUT ROWID;
CREATE VIEW explained AS
SELECT stream, topic, path, family, kind, name, unit, class, device, points,
       strftime('%Y-%m-%dT%H:%M:%fZ', first_us / 1e6, 'unixepoch') AS first,
       strftime('%Y-%m-%dT%H:%M:%fZ', newest_us / 1e6, 'unixepoch') AS newest,
       newest_value, 60000 / interval_ms AS points_per_minute
FROM series;
`;

/** Where points are kept, and what they come to by the hour. */
const HISTORY = `
CREATE TABLE history_streams (
  stream TEXT PRIMARY KEY,
  -- Up to which row points are kept; NULL for none.
  segment TEXT, row_id INTEGER, received_us INTEGER,
  -- The number of the next file.
  next_number INTEGER NOT NULL,
  -- The number of the first file of the last flush that is complete.
  flush INTEGER NOT NULL,
  -- Points that are older are not part of the history any more.
  cutoff_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE history_series (
  id INTEGER PRIMARY KEY,
  stream TEXT NOT NULL, topic TEXT NOT NULL, path TEXT NOT NULL,
  UNIQUE (stream, topic, path)
) STRICT;
CREATE TABLE files (
  -- Not used twice: spans of a file that is gone are removed later.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  stream TEXT NOT NULL, number INTEGER NOT NULL,
  month TEXT NOT NULL, name TEXT NOT NULL,
  -- 0 of one flush, 1 of some hours, 2 of a day, 3 of a month.
  level INTEGER NOT NULL,
  -- Of one level, the points of a file with a lower one arrived earlier.
  arrival INTEGER NOT NULL,
  rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  -- Its points are of stored rows behind this one (NULL: from the first one on), up to that one.
  after_segment TEXT, after_row_id INTEGER,
  through_segment TEXT, through_row_id INTEGER,
  UNIQUE (stream, number)
) STRICT;
-- The points of a series that lie together in a file. Only those of "files" count.
CREATE TABLE spans (
  file INTEGER NOT NULL, series INTEGER NOT NULL, first_row INTEGER NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, rows INTEGER NOT NULL,
  -- Where the pages are, for Weir. Other programs find them by the file's own footer.
  location BLOB NOT NULL,
  PRIMARY KEY (file, series, first_row)
) STRICT, WITHOUT ROWID;
CREATE INDEX spans_by_series ON spans (series, last_us, first_us);
CREATE TABLE hours (
  series INTEGER NOT NULL,
  -- Days since the epoch.
  day INTEGER NOT NULL,
  partials BLOB NOT NULL,
  PRIMARY KEY (series, day)
) STRICT, WITHOUT ROWID;
-- Deletions whose points are gone.
CREATE TABLE erased (deletion TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
-- Damaged files that were set aside, with what they are in "files".
CREATE TABLE lost_files (
  stream TEXT NOT NULL, number INTEGER NOT NULL,
  name TEXT NOT NULL, level INTEGER NOT NULL, arrival INTEGER NOT NULL,
  rows INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  after_segment TEXT, after_row_id INTEGER,
  through_segment TEXT, through_row_id INTEGER,
  PRIMARY KEY (stream, number)
) STRICT, WITHOUT ROWID;
`;

/** What leads from each version to the next one; the first leads from an empty file. */
export const STEPS: readonly string[] = [CATALOGUE, HISTORY];
