import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance, type JS } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Points, PointsFileWriter } from "@weir/series";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

function write(name: string, all: Readonly<Record<string, Points>>): void {
  const file = join(folder.path, name);
  mkdirSync(dirname(file), { recursive: true });
  using writer = new PointsFileWriter(file, {});
  for (const [topic, points] of Object.entries(all)) writer.add(topic, "value", points);
  writer.finish();
}

/** The rows of a query over all files, the points as `points (stream, topic, us, number)`. */
async function query(sql: string): Promise<Record<string, JS>[]> {
  const database = await DuckDBInstance.create(":memory:");
  const connection = await database.connect();
  try {
    await connection.run(`CREATE VIEW points AS
      SELECT *, epoch_ms(time) * 1000 + coalesce(micros, 0) AS us,
        coalesce(value, unscaled / 10 ** scale) AS number
      FROM read_parquet('${folder.path}/*/*/*.parquet', hive_partitioning = true)`);
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

const START_US = Date.parse("2026-11-27T10:00:00Z") * 1_000;

function pointsOf(rows: number, stepUs: number, value: (index: number) => number): Points {
  return {
    us: Float64Array.from({ length: rows }, (_, index) => START_US + index * stepUs),
    values: Float64Array.from({ length: rows }, (_, index) => value(index)),
  };
}

describe("DuckDB", () => {
  test("reads the same points, from a folder of streams and months", async () => {
    const november = {
      "a/decimals": pointsOf(30_000, 1_000_000, (index) => ((index * 7_919) % 100_003) / 1_000),
      "b/doubles": pointsOf(30_000, 1_000, Math.sqrt),
      "c/mikro–s": pointsOf(30_000, 999_999, (index) => index % 3),
    };
    // Short series: their jumps are outliers.
    const december = Object.fromEntries(
      Array.from({ length: 200 }, (_, series) => [
        `short/${series}`,
        pointsOf(20, 60_000_000 + series, (index) => series * 1_000_000 - index / 4),
      ]),
    );
    write("stream=data/month=2026-11/2026-11-27.000000001.parquet", november);
    write("stream=data/month=2026-12/2026-12.000000002.parquet", december);
    const rows = await query(
      "SELECT topic, us, number FROM points WHERE stream = 'data' ORDER BY topic, us",
    );
    const found = rows.map(({ topic, us, number }) => `${topic} ${us} ${number}`);
    const expected = Object.entries({ ...november, ...december })
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([topic, { us, values }]) =>
        Array.from(us, (time, index) => `${topic} ${time} ${values[index]}`),
      );
    expect(found.length).toBe(expected.length);
    expect(found.find((line, index) => line !== expected[index])).toBeUndefined();
  });

  test("reads a file without decimals, and one without points", async () => {
    write("stream=data/month=2026-11/2026-11-27.000000001.parquet", {
      a: pointsOf(2, 1_000, (index) => Math.sqrt(index + 2)),
    });
    write("stream=data/month=2026-11/2026-11-27.000000002.parquet", {});
    expect(await query("SELECT sum(number) AS sum, count(*)::INTEGER AS rows FROM points")).toEqual(
      [{ sum: Math.SQRT2 + Math.sqrt(3), rows: 2 }],
    );
  });

  test("finds a series by the statistics of row groups", async () => {
    write("stream=data/month=2026-11/2026-11-27.000000001.parquet", {
      a: pointsOf(270_000, 1_000, (index) => index),
      b: pointsOf(1_000, 1_000, (index) => index),
    });
    const groups = await query(`SELECT DISTINCT row_group_id::INTEGER AS id, stats_min_value AS min,
      stats_max_value AS max FROM parquet_metadata('${folder.path}/*/*/*.parquet')
      WHERE path_in_schema = 'topic' ORDER BY id`);
    expect(groups).toEqual([
      { id: 0, min: "a", max: "a" },
      { id: 1, min: "a", max: "b" },
    ]);
  });
});
