/** Times are milliseconds since the epoch. A hash is SHA-256 of a random secret, which is not stored. */
const USERS = `
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  -- The password of DASHBOARD_PASSWORD_FILE when it was last taken from there.
  file_password TEXT,
  made_ms REAL NOT NULL
) STRICT;
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  made_ms REAL NOT NULL, used_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user, made_ms);
-- Browsers in which a user has signed in before.
CREATE TABLE browsers (
  hash BLOB PRIMARY KEY,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  made_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX browsers_by_user ON browsers (user, made_ms);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
  made_ms REAL NOT NULL, used_ms REAL
) STRICT, WITHOUT ROWID;
`;

/** What devices did, and who commanded them. */
const DEVICES = `
CREATE TABLE connections (
  id INTEGER PRIMARY KEY,
  at_ms REAL NOT NULL,
  event TEXT NOT NULL, reason TEXT, session TEXT,
  client_id TEXT NOT NULL,
  -- What the client id calls the device.
  name TEXT NOT NULL,
  address TEXT
) STRICT;
CREATE INDEX connections_by_name ON connections (name);
CREATE TABLE commands (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  sent_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_time ON commands (sent_ms);
`;

/** What leads from each version of the file to the next one; the first leads from an empty file. */
export const STEPS: readonly string[] = [USERS, DEVICES];
