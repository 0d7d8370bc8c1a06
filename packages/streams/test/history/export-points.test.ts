import { globSync, writeFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "@jest/globals";
import { deletionsFileOf, writeDeletions } from "@weir/store";
import { exportPoints, type PointsFormat, type PointsQuestion } from "@weir/streams";
import { temporaryFolder } from "@weir/testkit";
import { DAY_US, HOUR_US, MINUTE_US, RecordedStream, type Sent, seriesOf } from "./fixture.ts";

const START_US = Date.UTC(2026, 10, 17) * 1_000;
const FOREVER = { nowUs: START_US, historyMs: Number.POSITIVE_INFINITY };
const ALL: PointsQuestion = {
  series: [seriesOf("meter"), { ...seriesOf("attic"), unit: "W" }],
  fromUs: START_US - DAY_US,
  toUs: START_US + 90 * DAY_US,
};

const sent = (topic: string, us: number, value: number, receivedUs = us): Sent => ({
  topic,
  value,
  observedUs: us,
  receivedUs,
});

/** A point in each minute of some hours. */
const minutesOf = (topic: string, fromUs: number, count: number): Sent[] =>
  Array.from({ length: count }, (_, minute) => sent(topic, fromUs + minute * MINUTE_US, minute));

async function partsOf(
  stream: RecordedStream,
  format: PointsFormat,
  question: PointsQuestion = ALL,
): Promise<(string | Buffer)[]> {
  return await Array.fromAsync(exportPoints(question, stream.source, format));
}

/** The times of the points of each series, as CSV has them. */
async function timesOf(stream: RecordedStream, question?: PointsQuestion) {
  const lines = (await partsOf(stream, "csv", question)).join("").split("\r\n").slice(1, -1);
  const bySeries = Map.groupBy(lines, (line) => line.split(",")[1]);
  return Object.fromEntries(
    Array.from(bySeries, ([series, of]) => [series, of.map((line) => line.split(",")[0])]),
  );
}

const isoOf = (us: number): string => new Date(us / 1_000).toISOString().replace("Z", "000Z");

describe("exported points", () => {
  test("come out of files and the rows behind them, series by series, in the order of time", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    const days = [0, 1, 40].map((day) => START_US + day * DAY_US);
    for (const us of days) {
      stream.append([...minutesOf("meter", us, 90), sent("attic", us, 1)]);
      await stream.keep();
    }
    await stream.merge();
    const lateUs = START_US + 30 * MINUTE_US + 7_000;
    const afterUs = START_US + 41 * DAY_US;
    stream.append([
      sent("meter", lateUs, 99, afterUs),
      sent("meter", afterUs, 100),
      sent("other", afterUs, 1),
    ]);
    const times = days.flatMap((us) => minutesOf("meter", us, 90).map((one) => one.observedUs));
    const meter = [...times, lateUs, afterUs].sort((one, other) => one - other).map(isoOf);
    expect(await timesOf(stream)).toEqual({
      "home:attic#power": days.map(isoOf),
      "home:meter#power": meter,
    });
    const within = { ...ALL, fromUs: START_US + 30 * MINUTE_US, toUs: START_US + 31 * MINUTE_US };
    expect(await timesOf(stream, within)).toEqual({
      "home:meter#power": [isoOf(START_US + 30 * MINUTE_US), isoOf(lateUs)],
    });
  });

  test("are text with microseconds and units, as CSV and as JSON lines", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    const json = { power: 1.25 };
    stream.append([
      { ...sent("attic", START_US, 0), receivedUs: START_US + 1, json },
      sent("meter", START_US + 1_000, -3),
    ]);
    await stream.keep();
    expect((await partsOf(stream, "csv")).join("")).toBe(
      "time,series,value,unit\r\n" +
        "2026-11-17T00:00:00.000001Z,home:attic#power,1.25,W\r\n" +
        "2026-11-17T00:00:00.001000Z,home:meter#power,-3,\r\n",
    );
    const lines = (await partsOf(stream, "jsonl")).join("").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: "2026-11-17T00:00:00.000001Z",
        series: "home:attic#power",
        value: 1.25,
        unit: "W",
      },
      { time: "2026-11-17T00:00:00.001000Z", series: "home:meter#power", value: -3, unit: null },
    ]);
  });

  test("are a Parquet file of several row groups that DuckDB reads", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    stream.append(minutesOf("meter", START_US, 70_000));
    stream.append([sent("attic", START_US, 0.1)]);
    await stream.keep();
    const parts = await partsOf(stream, "parquet");
    expect(parts.length).toBeGreaterThan(1);
    const file = folder.file("points.parquet");
    writeFileSync(file, Buffer.concat(parts.map((part) => Buffer.from(part))));
    const database = await DuckDBInstance.create(":memory:");
    const connection = await database.connect();
    try {
      const rows = await connection.runAndReadAll(
        `SELECT series, count(*)::INTEGER AS points, sum(value) AS sum,
          min(time)::TIMESTAMP::VARCHAR AS first, any_value(typeof(time)) AS type
         FROM read_parquet('${file}') GROUP BY series ORDER BY series`,
      );
      const about = { first: "2026-11-17 00:00:00", type: "TIMESTAMP WITH TIME ZONE" };
      expect(rows.getRowObjectsJS()).toEqual([
        { series: "home:attic#power", points: 1, sum: 0.1, ...about },
        { series: "home:meter#power", points: 70_000, sum: (70_000 * 69_999) / 2, ...about },
      ]);
    } finally {
      connection.closeSync();
      database.closeSync();
    }
  });

  test("lack those that a deletion hides", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    stream.append([...minutesOf("meter", START_US, 4), ...minutesOf("attic", START_US, 4)]);
    await stream.keep();
    const span = { fromUs: START_US + MINUTE_US, toUs: START_US + 3 * MINUTE_US };
    const found = { doneSegment: null, hiddenRows: 2, restoredRows: 0, skipped: [] };
    writeDeletions(deletionsFileOf(folder.file("weir.db")), [
      {
        id: "d1",
        stream: "home",
        filters: ["meter"],
        ...span,
        askedUs: START_US + HOUR_US,
        through: { segment: "", id: 0 },
        state: "hidden",
        stateUs: START_US + HOUR_US,
        undoUntilUs: START_US + DAY_US,
        ...found,
      },
    ]);
    const times = await timesOf(stream);
    expect(times["home:meter#power"]).toEqual([0, 3].map((at) => isoOf(START_US + at * MINUTE_US)));
    expect(times["home:attic#power"]).toHaveLength(4);
  });

  test("go on after files were merged while they were taken", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    stream.append(minutesOf("meter", START_US - DAY_US, 60));
    // As many files as are put together.
    for (let part = 0; part < 12; part += 1) {
      stream.append(minutesOf("meter", START_US, 60).slice(part * 5, part * 5 + 5));
      await stream.keep();
    }
    const question = { ...ALL, series: [seriesOf("meter")] };
    const parts = exportPoints(question, stream.source, "csv");
    let text = "";
    // The header, and the first of the two days.
    for (let part = 0; part < 2; part += 1) text += (await parts.next()).value;
    // The second time it removes what it has put together.
    for (let time = 0; time < 2; time += 1) await stream.merge();
    expect(globSync(`${folder.path}/history/*/*/*.parquet`)).toHaveLength(2);
    for await (const part of parts) text += part;
    const days = [START_US - DAY_US, START_US];
    const times = days.flatMap((us) => minutesOf("meter", us, 60).map((one) => one.observedUs));
    expect(
      text
        .split("\r\n")
        .slice(1, -1)
        .map((line) => line.split(",")[0]),
    ).toEqual(times.map(isoOf));
  });

  test("end with the reason of a signal, and are of no more than a hundred series", async () => {
    using folder = temporaryFolder();
    using stream = new RecordedStream(folder, FOREVER);
    stream.append(minutesOf("meter", START_US, 4));
    await stream.keep();
    const source = {
      ...stream.source,
      signal: AbortSignal.abort(new Error("the client has gone")),
    };
    const ended = Array.fromAsync(exportPoints(ALL, source, "csv"));
    await expect(ended).rejects.toThrow("the client has gone");
    const series = Array.from({ length: 101 }, (_, index) => seriesOf(`meter${index}`));
    await expect(partsOf(stream, "csv", { ...ALL, series })).rejects.toThrow("there are 101");
  });
});
