import { expect, test } from "@jest/globals";
import { WINDOWS } from "@weir/protocol";
import { Catalogue } from "@weir/series";
import type { NewRow } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { compareWithSql, seriesInSql } from "../src/compare-with-sql.ts";
import type { SeriesFollower } from "../src/series-follower.ts";
import { Deleting } from "./deleting.ts";
import {
  followDevices,
  NON_FINITE,
  openDevices,
  PREFIXES,
  SECOND_US,
  SKEW_US,
  stateRow,
} from "./states.ts";

const START_SECONDS = START_US / SECOND_US;
const RETENTION_SECONDS = 35 * 60;
/** Hundreds of streams, each opened again and again: much work on a slow machine. */
const TIMEOUT_MS = 600_000;

const DEVICES = ["kitchen", "barn"];
const ATTRIBUTES = ["drive-space-used", "a.b_c"];
/** What is known to be found in spite of a clock that is set back. */
const CLOCK_STEP_SECONDS = 600;

const FORMS = [
  "seconds",
  "milliseconds",
  "text",
  "$date",
  "none",
  "relative",
  "never set",
] as const;
/** Forms that SQL does not know: it takes what the decoder has stored. */
const DECODED_FORMS = ["local", "basic", "mail", "1970"] as const;

interface GivenState {
  topic: string;
  data: Record<string, unknown>;
  time: { form: (typeof FORMS)[number] | (typeof DECODED_FORMS)[number]; offsetSeconds: number };
  decoder: "device" | "json";
  marks: readonly [string, string];
  isRetained: boolean;
}

/** What may happen to a stream and its reader, in any order. */
type Step =
  | { kind: "append"; states: GivenState[] }
  | { kind: "pass" | "jump"; seconds: number }
  | { kind: "rotate" }
  | { kind: "remove"; limit: "age" | "size" }
  | { kind: "sleep" }
  | { kind: "delete"; filter: string; fromSeconds: number; seconds: number }
  | { kind: "undo" }
  | { kind: "restart stats" }
  | { kind: "restart logger" };

const value = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  fc.constantFrom(
    1e15,
    -1e15,
    1e-300,
    0,
    "12.5",
    "-1e2",
    " 7 ",
    "rubbish",
    "",
    null,
    true,
    1e16,
    [1],
    ...NON_FINITE,
  ),
);
const offsetSeconds = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -120, max: 70 }),
  // Around the ends of the windows, and of what is kept for a clock that is set back.
  fc.integer({ min: -2_000, max: -1_700 }),
  fc.integer({ min: -4_000, max: 4_000 }),
);
const decoded = fc.oneof(
  fc.record({
    decoder: fc.constant("device" as const),
    time: fc.record({ form: fc.constantFrom(...FORMS, ...DECODED_FORMS), offsetSeconds }),
  }),
  fc.record({
    decoder: fc.constant("json" as const),
    time: fc.record({ form: fc.constantFrom(...FORMS), offsetSeconds }),
  }),
);
const state: fc.Arbitrary<GivenState> = fc
  .record({
    topic: fc.constantFrom(
      "devices/kitchen/state",
      "losant/kitchen/state",
      "devices/barn/state",
      "devices/kitchen/log/info",
      "others/kitchen/state",
      "devices/no name/state",
    ),
    data: fc.dictionary(fc.constantFrom(...ATTRIBUTES, "no name"), value, { maxKeys: 3 }),
    decoded,
    marks: fc.constantFrom(["", ""] as const, ["\uFEFF", ""] as const, ["", "\0\0"] as const),
    isRetained: fc.constantFrom(false, false, false, true),
  })
  .map(({ decoded: chosen, ...given }) => ({ ...given, ...chosen }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      states: fc.array(state, { maxLength: 20 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      seconds: fc.oneof(
        fc.integer({ min: 0, max: 90 }),
        fc.integer({ min: 0, max: 2_400 }),
        fc.integer({ min: 1_700, max: 1_800 }),
      ),
    }),
  },
  fc.record({
    kind: fc.constant("jump" as const),
    seconds: fc.constantFrom(-590, -200, -1, 1, 300, 86_400),
  }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("rotate" as const) }) },
  fc.record({ kind: fc.constant("remove" as const), limit: fc.constantFrom("age", "size") }),
  fc.record({ kind: fc.constant("sleep" as const) }),
  fc.record({
    kind: fc.constant("delete" as const),
    filter: fc.constantFrom("#", "devices/#", "+/kitchen/state"),
    fromSeconds: fc.integer({ min: -2_400, max: 10 }),
    seconds: fc.integer({ min: 1, max: 2_400 }),
  }),
  fc.record({ kind: fc.constant("undo" as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("restart stats" as const) }) },
  fc.record({ kind: fc.constant("restart logger" as const) }),
);

const TIME_ZONE = "Europe/Berlin";

function rowAt(nowSeconds: number, { time, ...given }: GivenState): NewRow {
  const receivedUs = nowSeconds * SECOND_US;
  return stateRow({ ...given, receivedUs, timeZone: TIME_ZONE, time: timeOf(time, nowSeconds) });
}

function timeOf({ form, offsetSeconds }: GivenState["time"], nowSeconds: number): unknown {
  const seconds = nowSeconds + offsetSeconds;
  const text = new Date(seconds * 1_000).toISOString();
  switch (form) {
    case "seconds":
      return seconds;
    case "milliseconds":
      return String(seconds * 1_000);
    case "text":
      return text;
    case "$date":
      return { $date: seconds * 1_000 };
    case "none":
      return undefined;
    case "relative":
      return -Math.abs(offsetSeconds) * 1_000;
    case "never set":
      return Math.abs(offsetSeconds);
    case "local":
      return Temporal.Instant.fromEpochMilliseconds(seconds * 1_000)
        .toZonedDateTimeISO(TIME_ZONE)
        .toPlainDateTime()
        .toString();
    case "basic":
      return text.replace(/[-:]/g, "").replace("Z", "+0000");
    case "mail":
      return new Date(seconds * 1_000).toUTCString();
    case "1970":
      return "1970-01-01T00:00:05Z";
  }
}

test(
  "every series equals SQL's over exactly the rows that it names",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        using folder = temporaryFolder();
        const place = { kind: "folder", folder: folder.path } as const;
        let nowSeconds = START_SECONDS;
        let latestSeconds = nowSeconds;
        let isAsleep = false;
        const startFollower = (): SeriesFollower =>
          followDevices({
            folder: folder.path,
            catalogue,
            moment: () => ({ atSecond: nowSeconds, nowMs: 0 }),
            deletions: () => deleting.version,
          });
        const deleting = new Deleting(place);
        using catalogue = new Catalogue(":memory:");
        let store = openDevices(folder.path);
        let follower = startFollower();
        try {
          for (const current of steps) {
            switch (current.kind) {
              case "append":
                store.append(current.states.map((given) => rowAt(nowSeconds, given)));
                break;
              case "pass":
              case "jump":
                if (nowSeconds + current.seconds < latestSeconds - CLOCK_STEP_SECONDS) break;
                nowSeconds += current.seconds;
                latestSeconds = Math.max(latestSeconds, nowSeconds);
                break;
              case "rotate":
                store.rotate(nowSeconds * SECOND_US);
                break;
              case "remove":
                await store.removeOldest({
                  nowUs: nowSeconds * SECOND_US,
                  ageCutoffUs:
                    current.limit === "age" ? (nowSeconds - RETENTION_SECONDS) * SECOND_US : null,
                  bytesMax: current.limit === "size" ? 1 : null,
                  freeDiskBytesMin: null,
                });
                break;
              case "sleep":
                isAsleep = !isAsleep;
                break;
              case "delete": {
                const fromUs = (nowSeconds + current.fromSeconds) * SECOND_US;
                const toUs = fromUs + current.seconds * SECOND_US;
                deleting.hide(store, { filters: [current.filter], fromUs, toUs });
                break;
              }
              case "undo":
                deleting.undo(store);
                break;
              case "restart stats":
                follower[Symbol.dispose]();
                follower = startFollower();
                break;
              case "restart logger":
                store[Symbol.dispose]();
                store = openDevices(folder.path, nowSeconds * SECOND_US);
                break;
            }
            if (isAsleep) continue;
            await follower.follow();
            expectEqualToSql(follower, place, nowSeconds);
          }
        } finally {
          follower[Symbol.dispose]();
          store[Symbol.dispose]();
        }
      }),
      { numRuns: 100 },
    );
  },
  TIMEOUT_MS,
);

function expectEqualToSql(
  follower: SeriesFollower,
  place: { kind: "folder"; folder: string },
  at: number,
): void {
  expect(follower.isComplete()).toBe(true);
  expect(follower.lagRows()).toBe(0);
  const kept = [...follower.series.all()];
  for (const device of DEVICES) {
    for (const attribute of ATTRIBUTES) {
      const sql = seriesInSql({ place, device, attribute, prefixes: PREFIXES, skewUs: SKEW_US });
      const series = kept.find((one) => one.topic === `STATS/${device}/${attribute}`);
      if (series === undefined) {
        const all = { throughId: Number.MAX_SAFE_INTEGER, from: at - 1_799, to: at };
        expect(sql.summarizeSpan(all).count).toBe(0);
        continue;
      }
      const statistics = series.ring.statistics(at, { throughId: series.throughId, lagRows: 0 });
      for (const window of WINDOWS) {
        expect(compareWithSql(window, statistics, sql)).toMatchObject({ isEqual: true });
      }
      // Nothing is left out: there is nothing of it behind the row that it names.
      const all = { throughId: Number.MAX_SAFE_INTEGER, from: at - 1_799, to: at };
      expect(sql.summarizeSpan(all).count).toBe(statistics.windows["30min"].count);
    }
  }
}
