#!/usr/bin/env bash
# better-sqlite3 13.2.0 is built with SQLITE_ENABLE_STAT4: its SQLite 3.54.1 then plans with the value of a parameter that
# stands alone behind LIMIT, so that each new value makes it prepare the statement again, which takes several times as
# long as the run itself. An expression (`LIMIT ? + 0`), a literal and OFFSET do not have this effect.
# EXPLAIN runs nothing, so a function whose result the planner looks up in the statistics counts preparations only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts better-sqlite3@13.2.0 node@26.10.0 >/dev/null
npm rebuild --silent node --ignore-scripts=false >/dev/null
cat >probe.mjs <<'JS'
import Database from "better-sqlite3";

const RUNS = 100;
const database = new Database(":memory:");
database.exec("CREATE TABLE rows (kind, value); CREATE INDEX rows_by_kind ON rows (kind)");
const insert = database.prepare("INSERT INTO rows VALUES (?, ?)");
for (let row = 0; row < 500; row += 1) insert.run(row % 50, row);
database.exec("ANALYZE");

let preparations = 0;
database.function("counted", { deterministic: true }, (value) => {
  preparations += 1;
  return value;
});

console.log(`SQLite ${database.prepare("SELECT sqlite_version()").pluck().get()}`);
for (const [end, ...parameters] of [
  ["LIMIT 10"],
  ["LIMIT ?", 10],
  ["LIMIT @limit", { limit: 10 }],
  ["LIMIT ? + 0", 10],
  ["LIMIT 10 OFFSET ?", 1],
  ["AND value > ?", 10],
]) {
  const statement = database.prepare(`EXPLAIN SELECT * FROM rows WHERE kind = counted(5) ${end}`);
  for (let run = 0; run < RUNS; run += 1) statement.all(...parameters);
  console.log(`${end}: prepared ${preparations} times in ${RUNS} runs`);
  preparations = 0;
}
JS
seen=$(node_modules/.bin/node probe.mjs)
printf '%s\n' "$seen"
expected='SQLite 3.54.1
LIMIT 10: prepared 1 times in 100 runs
LIMIT ?: prepared 101 times in 100 runs
LIMIT @limit: prepared 101 times in 100 runs
LIMIT ? + 0: prepared 1 times in 100 runs
LIMIT 10 OFFSET ?: prepared 1 times in 100 runs
AND value > ?: prepared 1 times in 100 runs'
[ "$seen" = "$expected" ] || { echo 'CHANGED: SQLite plans differently now'; exit 1; }
echo 'as found: LIMIT ? makes SQLite prepare a statement again on each run'
