import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { askHistory, type HistoryQuestion, type HistorySource, readHistory } from "@weir/streams";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import {
  DAY_US,
  HOUR_US,
  MINUTE_US,
  RecordedStream,
  SECOND_US,
  type Sent,
  seriesOf,
} from "./fixture.ts";

const START_US = Date.UTC(2026, 10, 17) * 1_000;
const FOREVER = { nowUs: START_US, historyMs: Number.POSITIVE_INFINITY };

/** A point in each minute of an hour, received at once. */
const minutesOf = (hour: number, topic = "meter"): Sent[] =>
  Array.from({ length: 60 }, (_, minute) => {
    const observedUs = START_US + hour * HOUR_US + minute * MINUTE_US;
    return { topic, value: minute, observedUs, receivedUs: observedUs };
  });

/** Buckets of so many minutes of the first hours. */
function question(minutes: number, hours = 1): HistoryQuestion {
  const toUs = START_US + hours * HOUR_US;
  const bucketsMax = (hours * 60) / minutes;
  const span = { fromUs: START_US, toUs, bucketsMax, timeZone: "UTC", isThorough: false };
  return { series: [seriesOf("meter")], ...span };
}

async function countsOf(source: HistorySource, asked: HistoryQuestion): Promise<number[]> {
  const { answers } = await readHistory(asked, source);
  return answers.flatMap(({ buckets }) => buckets.map(({ count }) => count));
}

/** All files of points. */
function pointsFiles(folder: TemporaryFolder): string[] {
  const root = folder.file("history");
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".parquet")).map((name) => join(root, name));
}

describe("where the answer comes from", () => {
  test("whole hours need no file of points, other buckets do", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append([...minutesOf(0), ...minutesOf(1)]);
    await recorded.keep();
    for (const file of pointsFiles(folder)) rmSync(file);
    expect(await countsOf(recorded.source, question(60, 2))).toEqual([60, 60]);
    await expect(countsOf(recorded.source, question(30))).rejects.toThrow(
      "files of the history were replaced while they were read",
    );
  });

  test("an hour whose points lie in one bucket needs no file, however short that is", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append([minutesOf(0)[3] as Sent, minutesOf(1)[4] as Sent]);
    await recorded.keep();
    for (const file of pointsFiles(folder)) rmSync(file);
    expect(await countsOf(recorded.source, question(15, 2))).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
  });

  test("rows are read only behind those whose points are kept, also where their segment was removed", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append(minutesOf(0).slice(0, 30));
    await recorded.keep();
    recorded.clock.advance(1);
    recorded.rotate();
    recorded.append(minutesOf(0).slice(30));
    expect(await countsOf(recorded.source, question(30))).toEqual([30, 30]);
    rmSync(recorded.segments()[0] as string);
    expect(await countsOf(recorded.source, question(30))).toEqual([30, 30]);
  });

  test("a late row has only its hour put in order again", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append([...minutesOf(0), ...minutesOf(1)]);
    await recorded.keep();
    const receivedUs = START_US + 3 * HOUR_US;
    const observedUs = START_US + 30 * MINUTE_US + SECOND_US;
    recorded.append([{ value: 99, observedUs, receivedUs }]);
    const { answers } = await readHistory(question(60, 2), recorded.source);
    expect(answers[0]?.buckets).toMatchObject([
      { count: 61, max: 99, last: { value: 59 }, increase: 30 + 69 + 31 + 28 },
      { count: 60, max: 59 },
    ]);
  });
});

describe("where points are older than the history", () => {
  test("an hour counts for the bucket in which it begins, and late points of it do not count", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append([...minutesOf(0), ...minutesOf(1)]);
    await recorded.keep();
    await recorded.expire(START_US + HOUR_US);
    const late = { value: 5, receivedUs: START_US + 3 * HOUR_US };
    recorded.append([{ ...late, observedUs: START_US + 50 * MINUTE_US }]);
    expect(await countsOf(recorded.source, question(30, 2))).toEqual([60, 0, 30, 30]);
    // The file goes, too, when all of it is too old.
    await recorded.expire(START_US + 10 * DAY_US);
    expect(await countsOf(recorded.source, question(30, 2))).toEqual([60, 0, 60, 0]);
  });
});

describe("while files are merged", () => {
  test("an answer goes on with what took their place", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    const attic = minutesOf(0, "attic").map((sent) => ({
      ...sent,
      observedUs: sent.observedUs - DAY_US,
    }));
    recorded.append(attic);
    // As many files as are put together.
    for (let part = 0; part < 12; part += 1) {
      recorded.append(minutesOf(0).slice(part * 5, part * 5 + 5));
      await recorded.keep();
    }
    const asked = { ...question(15), fromUs: START_US - DAY_US, bucketsMax: 4 * 25 };
    const series = ["attic", "meter"].map((topic) => seriesOf(topic));
    const { answers } = askHistory({ ...asked, series }, recorded.source);
    const counts: number[] = [];
    for await (const { buckets } of answers) {
      counts.push(...[...buckets].map(({ count }) => count).filter((count) => count > 0));
      await recorded.merge();
    }
    expect(pointsFiles(folder)).toHaveLength(2);
    expect(counts).toEqual([15, 15, 15, 15, 15, 15, 15, 15]);
  });

  test("an answer names the last row of the points that took their place", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    // In files of its own.
    const attic = minutesOf(0, "attic").map((sent) => ({
      ...sent,
      observedUs: sent.observedUs - DAY_US,
    }));
    recorded.append(attic);
    for (let part = 0; part < 12; part += 1) {
      recorded.append(minutesOf(0).slice(part * 5, part * 5 + 5));
      await recorded.keep();
    }
    // So long that each series is read by itself.
    const fromUs = START_US - 60 * DAY_US;
    const asked = { ...question(15), fromUs, bucketsMax: 4 * 24 * 61 };
    const series = ["attic", "meter"].map((topic) => seriesOf(topic));
    const found: [rows: number | undefined, points: number][] = [];
    for await (const { buckets, through } of askHistory({ ...asked, series }, recorded.source)
      .answers) {
      const points = [...buckets].reduce((sum, { count }) => sum + count, 0);
      found.push([through?.id, points]);
      recorded.append(minutesOf(0).slice(0, 1));
      await recorded.keep();
      await recorded.merge();
    }
    expect(found).toEqual([
      [120, 60],
      [121, 61],
    ]);
  });
});

describe("where a file of points is damaged", () => {
  test("its hours still count, and what else is missing is said once", async () => {
    using folder = temporaryFolder();
    using recorded = new RecordedStream(folder, FOREVER);
    recorded.append([...minutesOf(0), ...minutesOf(1)]);
    await recorded.keep();
    const [file = ""] = pointsFiles(folder);
    writeFileSync(file, "no points".repeat(1_000));
    const reasons: string[] = [];
    const source: HistorySource = {
      ...recorded.source,
      onSkipped: ({ kind, reason }) => reasons.push(`${kind}: ${reason}`),
    };
    expect(await countsOf(source, question(60, 2))).toEqual([60, 60]);
    expect(reasons).toEqual([]);
    expect(await countsOf(source, question(30, 2))).toEqual([0, 0, 0, 0]);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain(`unreadable: ${file} is damaged`);
  });
});
