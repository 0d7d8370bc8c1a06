/** Times are milliseconds since the epoch; what is called json is JSON. */
const FIRST = `
CREATE TABLE about (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
-- Up to which row each stream was taken.
CREATE TABLE positions (
  stream TEXT PRIMARY KEY, segment TEXT NOT NULL, id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What the states below were kept by: those of a node that has changed since no longer hold.
CREATE TABLE nodes (
  flow TEXT NOT NULL, node TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (flow, node)
) STRICT, WITHOUT ROWID;
CREATE TABLE states (
  flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL,
  json TEXT NOT NULL, wake_ms REAL,
  PRIMARY KEY (flow, node, key)
) STRICT, WITHOUT ROWID;
-- What of them has changed since, commit by commit.
CREATE TABLE state_changes (id INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE stored (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE stops (
  flow TEXT PRIMARY KEY,
  -- Of the workflow as it was stopped: a changed one runs again.
  hash TEXT NOT NULL,
  reason TEXT NOT NULL, at_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  flow TEXT NOT NULL, trigger TEXT NOT NULL, about TEXT NOT NULL,
  started_ms REAL NOT NULL,
  -- What it began with.
  json TEXT NOT NULL,
  has_failed INTEGER NOT NULL, actions INTEGER NOT NULL, waiting INTEGER NOT NULL,
  steps INTEGER NOT NULL, is_quiet INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_flow ON runs (flow, id);
CREATE INDEX runs_quiet ON runs (flow) WHERE is_quiet = 1;
-- What a run has gone through, commit by commit.
CREATE TABLE parts (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE, json TEXT NOT NULL
) STRICT;
CREATE INDEX parts_by_run ON parts (run);
CREATE TABLE actions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  flow TEXT NOT NULL, node TEXT NOT NULL,
  at_ms REAL NOT NULL, late_ms REAL NOT NULL,
  -- effect and data are there as long as it has not ended.
  kind TEXT NOT NULL, what TEXT NOT NULL, effect TEXT, data TEXT,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, not_before_ms REAL NOT NULL,
  problem TEXT, ended_ms REAL
) STRICT;
CREATE INDEX actions_by_run ON actions (run);
CREATE INDEX actions_that_wait ON actions (kind, not_before_ms, id) WHERE ended_ms IS NULL;
CREATE INDEX actions_by_end ON actions (ended_ms, flow) WHERE state = 'done';
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL,
  severity TEXT NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL,
  raised_ms REAL NOT NULL,
  acknowledged_ms REAL, acknowledged_by TEXT,
  cleared_ms REAL, cleared_by TEXT,
  run INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (flow, node, key) WHERE state <> 'cleared';
CREATE INDEX alerts_cleared ON alerts (id) WHERE state = 'cleared';
`;

/** What leads from each version of the file to the next one; the first leads from an empty file. */
export const STEPS: readonly string[] = [FIRST];
