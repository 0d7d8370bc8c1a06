#!/usr/bin/env bash
# DuckDB 1.5.6 takes the folders `key=value` above a file for columns by itself. One file whose folders have another key is
# enough for it to stop doing so without a word: all these columns vanish, also those that every file has. Asked for them
# (hive_partitioning = true), it refuses the whole glob.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >/dev/null
mkdir -p h/stream=a/month=2026-10 h/stream=a/day=2026-11-01
cat >probe.mjs <<'JS'
import { DuckDBInstance } from "@duckdb/node-api";
const duckdb = await (await DuckDBInstance.create()).connect();
const glob = "'h/*/*/*.parquet'";
async function columnsOf(source) {
  try {
    const reader = await duckdb.runAndReadAll(`SELECT * FROM ${source}`);
    return reader.columnNames().sort().join(", ");
  } catch (error) {
    return error.message.split(" between ")[0];
  }
}
await duckdb.run("COPY (SELECT 1 AS value) TO 'h/stream=a/month=2026-10/1.parquet'");
console.log(`months only: ${await columnsOf(glob)}`);
await duckdb.run("COPY (SELECT 2 AS value) TO 'h/stream=a/day=2026-11-01/2.parquet'");
console.log(`and a day: ${await columnsOf(glob)}`);
console.log(`asked for: ${await columnsOf(`read_parquet(${glob}, hive_partitioning = true, union_by_name = true)`)}`);
JS
seen=$(node probe.mjs)
printf '%s\n' "$seen"
expected='months only: month, stream, value
and a day: value
asked for: Binder Error: Hive partition mismatch'
[ "$seen" = "$expected" ] || { echo 'CHANGED: DuckDB reads partitions with different keys in another way now'; exit 1; }
echo 'as found: one partition with another key hides the columns of all'
