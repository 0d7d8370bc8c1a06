#!/usr/bin/env bash
# better-sqlite3 13.2.0 and the node:sqlite of Node 26.10.0 in one process do not see each other's locks: each brings its
# own SQLite, and POSIX locks belong to the process. A writer in another process is refused, as it must be.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts better-sqlite3@13.2.0 node@26.10.0 >/dev/null
npm rebuild --silent node --ignore-scripts=false >/dev/null
cat >probe.mjs <<'JS'
import { spawnSync } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import Database from "better-sqlite3";

function tryToWrite(database) {
  try {
    database.exec("BEGIN IMMEDIATE");
    database.exec("ROLLBACK");
    return "allowed";
  } catch {
    return "refused";
  }
}

if (process.argv[2] === "other") {
  console.log(tryToWrite(new DatabaseSync("data.db", { timeout: 0 })));
} else {
  const holder = new Database("data.db");
  holder.pragma("journal_mode = WAL");
  holder.exec("CREATE TABLE rows (value)");
  holder.exec("BEGIN IMMEDIATE");
  const other = spawnSync(process.execPath, ["probe.mjs", "other"], { encoding: "utf8" });
  console.log(`a second writer in another process: ${other.stdout.trim()}`);
  console.log(`a second writer through node:sqlite in this process: ${tryToWrite(new DatabaseSync("data.db", { timeout: 0 }))}`);
  holder.exec("ROLLBACK");
}
JS
seen=$(node_modules/.bin/node probe.mjs)
printf '%s\n' "$seen"
expected='a second writer in another process: refused
a second writer through node:sqlite in this process: allowed'
[ "$seen" = "$expected" ] || { echo 'CHANGED: the two libraries behave differently now'; exit 1; }
echo 'as found: two SQLite libraries in one process let two writers in'
