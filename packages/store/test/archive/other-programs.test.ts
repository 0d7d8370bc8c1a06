import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "@jest/globals";
import { readingAt, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { archiveOf } from "../../src/archive/archive-name.ts";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { query } from "../fixture.ts";
import { numberedRows } from "../range-fixture.ts";
import { fillSegments } from "./fixture.ts";

/** What DuckDB answers. */
async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe("DuckDB reads an archive", () => {
  test("with the columns of explained, text as text and other payloads as bytes", async () => {
    using folder = temporaryFolder();
    const rows = [
      readingAt(START_US + 1, 7.25),
      rowOf("größer\0als nichts"),
      { ...rowOf(""), topic: "a/ü" },
      { ...rowOf(""), payload: Buffer.from([0xff, 0x00, 0xfe]), retained: true, qos: 0 },
      { ...rowOf("x"), outcome: 9_999 },
    ];
    const [file = ""] = fillSegments(folder.path, [rows, [], []]);
    const explained = query(
      file,
      `SELECT id, received, topic, kind, reason, explained.value, observed, qos, retained
       FROM explained JOIN rows USING (id) ORDER BY id`,
    );
    archiveSegment(file);
    const archive = archiveOf(file);
    expect(
      await ask(`SELECT id::INTEGER AS id, strftime(received, '%Y-%m-%dT%H:%M:%S.%gZ') AS received, topic, kind,
          reason, value, strftime(observed, '%Y-%m-%dT%H:%M:%S.%gZ') AS observed, qos, retained::INTEGER AS retained
        FROM '${archive}' ORDER BY id`),
    ).toEqual(explained);
    expect(await ask(`SELECT text, hex(payload) AS payload FROM '${archive}' ORDER BY id`)).toEqual(
      [
        { text: rows[0]?.payload.toString(), payload: null },
        { text: "größer\0als nichts", payload: null },
        { text: "", payload: null },
        { text: null, payload: "FF00FE" },
        { text: "x", payload: null },
      ],
    );
    const types = await ask(`DESCRIBE SELECT * FROM '${archive}'`);
    expect(types.map(({ column_name: name, column_type: type }) => `${name} ${type}`)).toEqual([
      "id BIGINT",
      "received TIMESTAMP WITH TIME ZONE",
      "topic VARCHAR",
      "text VARCHAR",
      "payload BLOB",
      "qos INTEGER",
      "retained BOOLEAN",
      "outcome INTEGER",
      "kind VARCHAR",
      "reason VARCHAR",
      "value DOUBLE",
      "observed TIMESTAMP WITH TIME ZONE",
    ]);
  });

  test("of all segments at once, with row groups that are left out by their statistics", async () => {
    using folder = temporaryFolder();
    const files = fillSegments(folder.path, [
      numberedRows(0, 24_999),
      [],
      numberedRows(25_000, 25_009),
    ]);
    for (const file of files) archiveSegment(file);
    const all = join(folder.path, "*", "*.parquet");
    expect(
      await ask(
        `SELECT count(*)::INTEGER AS rows, sum(text::INTEGER)::INTEGER AS sum FROM '${all}'`,
      ),
    ).toEqual([{ rows: 25_010, sum: (25_009 * 25_010) / 2 }]);
    const groups = await ask(
      `SELECT DISTINCT row_group_id::INTEGER AS id, row_group_num_rows::INTEGER AS rows,
         stats_min_value AS first, stats_max_value AS last
       FROM parquet_metadata('${archiveOf(files[0] as string)}') WHERE path_in_schema = 'id' ORDER BY 1`,
    );
    expect(groups).toEqual([
      { id: 0, rows: 10_000, first: "1", last: "10000" },
      { id: 1, rows: 10_000, first: "10001", last: "20000" },
      { id: 2, rows: 5_000, first: "20001", last: "25000" },
    ]);
  });
});
