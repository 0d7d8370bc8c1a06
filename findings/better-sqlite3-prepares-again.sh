#!/usr/bin/env bash
# better-sqlite3 13.2.0 is built with SQLITE_ENABLE_STAT4 and clears all parameters after each run. Its SQLite 3.54.1 plans
# with the values of some parameters, and prepares such a statement again whenever they are set or cleared: on each run,
# which often takes longer than the run itself. It does so behind LIMIT and LIKE, for what an index with statistics is
# compared with, and for equality in statements with a join, ORDER BY or GROUP BY. A plus hides the value.
# EXPLAIN runs nothing, so the function, which the planner calls to look up its result in statistics, counts preparations.
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
database.exec("CREATE TABLE known (kind); CREATE INDEX known_by_kind ON known (kind)");
const insert = database.prepare("INSERT INTO known VALUES (?)");
for (let row = 0; row < 500; row += 1) insert.run(row % 50);
database.exec("ANALYZE");
// Without statistics, but for `known` itself.
database.exec("CREATE TABLE rows (a TEXT, b INT); CREATE INDEX rows_by_a ON rows (a, b)");

let preparations = 0;
database.function("counted", { deterministic: true }, (value) => {
  preparations += 1;
  return value;
});

console.log(`SQLite ${database.prepare("SELECT sqlite_version()").pluck().get()}`);
for (const [sql, ...parameters] of [
  ["SELECT b FROM rows LIMIT 10"],
  ["SELECT b FROM rows LIMIT ?", 10],
  ["SELECT b FROM rows LIMIT @limit", { limit: 10 }],
  ["SELECT b FROM rows LIMIT +?", 10],
  ["SELECT b FROM rows LIMIT 10 OFFSET ?", 10],
  ["SELECT b FROM rows WHERE a LIKE ?", "x"],
  ["SELECT b FROM rows WHERE a LIKE +?", "x"],
  ["SELECT b FROM rows WHERE a = ?", "x"],
  ["SELECT b FROM rows WHERE a = ? ORDER BY b", "x"],
  ["SELECT b FROM rows WHERE a = +? ORDER BY b", "x"],
  ["SELECT b FROM rows WHERE a > ? ORDER BY a", "x"],
  ["SELECT 1 FROM known WHERE kind = ?", 5],
  ["SELECT 1 FROM known WHERE kind = +?", 5],
]) {
  const statement = database.prepare(
    `EXPLAIN WITH found AS MATERIALIZED (${sql}) SELECT 1 FROM found, known WHERE kind = counted(5)`,
  );
  preparations = 0;
  for (let run = 0; run < RUNS; run += 1) statement.all(...parameters);
  // The first run need not: its parameters may still have the values of no run.
  console.log(`${preparations >= RUNS - 1 ? "each run" : preparations === 0 ? "once" : preparations}: ${sql}`);
}
JS
seen=$(node_modules/.bin/node probe.mjs)
printf '%s\n' "$seen"
expected='SQLite 3.54.1
once: SELECT b FROM rows LIMIT 10
each run: SELECT b FROM rows LIMIT ?
each run: SELECT b FROM rows LIMIT @limit
once: SELECT b FROM rows LIMIT +?
once: SELECT b FROM rows LIMIT 10 OFFSET ?
each run: SELECT b FROM rows WHERE a LIKE ?
once: SELECT b FROM rows WHERE a LIKE +?
once: SELECT b FROM rows WHERE a = ?
each run: SELECT b FROM rows WHERE a = ? ORDER BY b
once: SELECT b FROM rows WHERE a = +? ORDER BY b
once: SELECT b FROM rows WHERE a > ? ORDER BY a
each run: SELECT 1 FROM known WHERE kind = ?
once: SELECT 1 FROM known WHERE kind = +?'
[ "$seen" = "$expected" ] || { echo 'CHANGED: SQLite prepares other statements again now'; exit 1; }
echo 'as found: SQLite prepares a statement again on each run for the values of some parameters, and a plus avoids it'
