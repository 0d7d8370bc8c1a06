import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { openSegmentedStore, startSegmentFinalizer } from "@weir/store";
import { createFakeClock, eventually, rowOf, START_US, temporaryFolder } from "@weir/testkit";
import { startHere } from "./fixture.ts";

// Processes are started, one after the other.
jest.setTimeout(180_000);

const DAY_US = 86_400_000_000;
const TOPIC = "home/kitchen/climate";

/** Four days of a stream, each in a segment that is finished. */
async function storeDays(folder: string): Promise<void> {
  using store = openSegmentedStore({
    folder: join(folder, "home"),
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  for (let day = 0; day < 4; day += 1) {
    const rows = Array.from({ length: 24 }, (_, hour) => {
      const receivedUs = START_US + day * DAY_US + hour * 3_600_000_000;
      const state = JSON.stringify({ time: receivedUs / 1_000, temperature: 20 + day, hour });
      const payload = hour === 7 ? Buffer.from([0xff, day]) : Buffer.from(state);
      return { ...rowOf("", receivedUs), topic: TOPIC, payload };
    });
    store.append(rows);
    store.rotate(START_US + (day + 1) * DAY_US);
  }
  await run(store.unfinished(), (file, finalizer) => finalizer.finish(file));
}

/** Makes Parquet of all segments that may become so. */
async function archive(folder: string): Promise<void> {
  using store = openSegmentedStore({
    folder: join(folder, "home"),
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US + 5 * DAY_US,
  });
  await run(store.toArchive(Number.MAX_SAFE_INTEGER), (file, finalizer, done) =>
    finalizer.archive(file, done),
  );
}

async function run(
  files: readonly string[],
  hand: (
    file: string,
    finalizer: ReturnType<typeof startSegmentFinalizer>,
    done: () => void,
  ) => void,
): Promise<void> {
  let left = files.length;
  const done = () => {
    left -= 1;
  };
  const problems: object[] = [];
  await using finalizer = startSegmentFinalizer({
    clock: createFakeClock(),
    onFinished: done,
    onUnfinished: (one) => problems.push(one),
  });
  for (const file of files) hand(file, finalizer, done);
  await eventually(() => left === 0 || problems.length > 0);
  expect(problems).toEqual([]);
}

describe("commands that read messages", () => {
  test("print the same of archives as of segments", async () => {
    using folder = temporaryFolder();
    const environment = {
      DB_FILE: folder.file("weir.db"),
      WEIR_FILE: folder.file("weir.yaml"),
      STATS_INDEX_FILE: folder.file("index.db"),
    };
    writeFileSync(
      environment.WEIR_FILE,
      JSON.stringify({ streams: { home: { filters: ["home/#"], folder: "home" } } }),
    );
    await storeDays(folder.path);
    const answers = async () => {
      const commands = [
        ["export", "--stream", "home"],
        ["export", "--stream", "home", "--wide"],
        [
          "export",
          "--stream",
          "home",
          "--from",
          "2026-01-02T05:00:00Z",
          "--to",
          "2026-01-03T09:00:00Z",
        ],
        [
          "export",
          "--stream",
          "home",
          "--cursor",
          "home-20260101T000000.000000Z.db:20",
          "--limit",
          "9",
        ],
        ["explain", TOPIC, "--count", "60", "--json"],
      ];
      const ended = [];
      for (const argv of commands) ended.push(await startHere(argv, { environment }).ended);
      return ended;
    };
    const before = await answers();
    for (const { code, out } of before) {
      expect(code).toBe(0);
      expect(out).not.toBe("");
    }
    await archive(folder.path);
    const names = readdirSync(folder.file("home"), { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => name.endsWith(".parquet"))).toHaveLength(3);
    expect(await answers()).toEqual(before);
  });
});
