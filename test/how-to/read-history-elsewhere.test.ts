import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance, type JS } from "@duckdb/node-api";
import { expect, test } from "@jest/globals";
import { PointsFileWriter } from "@weir/series";
import { temporaryFolder } from "@weir/testkit";
import { readBlocks } from "./page.ts";

const PAGE = join(import.meta.dirname, "../../docs/how-to/read-history-elsewhere.md");
const START_US = Date.parse("2026-11-27T10:00:00Z") * 1_000;
const HOUR_US = 3_600_000_000;

/** A plug that takes 40 W, and 60 W from the second hour on: a reading each minute. */
function writePoints(file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  using writer = new PointsFileWriter(file, {});
  const us = Float64Array.from({ length: 120 }, (_, minute) => START_US + (minute * HOUR_US) / 60);
  const values = us.map((at) => (at < START_US + HOUR_US ? 40 : 60));
  writer.add("tele/plug/SENSOR", "ENERGY.Power", { us, values });
  writer.finish();
}

test("DuckDB answers the SQL of docs/how-to/read-history-elsewhere.md", async () => {
  using folder = temporaryFolder();
  writePoints(folder.file("data/history/stream=home/month=2026-11/20261127.parquet"));
  const sql = readBlocks(PAGE).find(({ text }) => text.startsWith("CREATE VIEW"))?.text ?? "";
  const [view = "", hours = "", days = "", copy = ""] = sql
    .replaceAll(/'(data\/history|home\.parquet)/g, `'${folder.file("$1")}`)
    .split(";");
  const database = await DuckDBInstance.create(":memory:");
  const connection = await database.connect();
  const rows = async (query: string): Promise<JS[][]> =>
    (await connection.runAndReadAll(query)).getRowsJS();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(view);
    expect(await rows(hours)).toEqual([
      [new Date("2026-11-27T10:00:00Z"), 40, 40, 40],
      [new Date("2026-11-27T11:00:00Z"), 60, 60, 60],
    ]);
    expect(await rows(days)).toEqual([
      ["tele/plug/SENSOR", "ENERGY.Power", new Date("2026-11-27T00:00:00Z"), 120n, 50],
    ]);
    await connection.run(copy);
    const [[count] = []] = await rows(`SELECT count(*) FROM '${folder.file("home.parquet")}'`);
    expect(count).toBe(120n);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
});
