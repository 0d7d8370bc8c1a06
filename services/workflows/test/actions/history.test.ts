import { describe, expect, test } from "@jest/globals";
import type { Effect } from "@weir/flows";
import { Catalogue, SeriesReader } from "@weir/series";
import { openSegmentedStore } from "@weir/store";
import { rowOf, START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { type AskedHistory, historyOf } from "../../src/actions/history.ts";

const START_MS = START_US / 1_000;
const SECOND_MS = 1_000;
const SKEW_US = 60_000_000;

/** Stores `power` of the topic meter once a second, as logger and stats do. */
function recorded(folder: TemporaryFolder, values: readonly number[]): AskedHistory {
  const indexFile = folder.file("index.db");
  const place = { kind: "folder", folder: folder.file("home") } as const;
  using store = openSegmentedStore({
    folder: place.folder,
    stream: "home",
    synchronous: "NORMAL",
    ballastBytes: 0,
    nowUs: START_US,
  });
  using catalogue = new Catalogue(indexFile);
  const reader = new SeriesReader({
    series: "auto",
    skewUs: SKEW_US,
    timeZone: null,
    document: null,
  });
  const stream = catalogue.stream("home");
  for (const [second, power] of values.entries()) {
    const receivedUs = START_US + second * 1e6;
    const payload = Buffer.from(JSON.stringify({ power }));
    const message = { topic: "meter", payload, retained: false, observedUs: null };
    store.append([{ ...rowOf("{}", receivedUs), ...message, value: null }]);
    const row = { segment: "s1", id: second, receivedUs };
    stream.note(reader.read({ ...message, receivedUs }, stream.memory.at(row)), row);
  }
  catalogue.save();
  const decoder = { kind: "auto" } as const;
  const home = { name: "home", place, decoder, timeZone: null, statistics: false };
  const streams = [{ ...home, series: "auto" as const, historyMs: null }];
  return { streams, indexFile, skewUs: SKEW_US, signal: new AbortController().signal };
}

function asks(given: Partial<Extract<Effect, { kind: "history" }>>) {
  const span = { fromMs: START_MS, toMs: START_MS + 4 * SECOND_MS };
  return { kind: "history", series: "meter#power", aggregate: "mean", ...span, ...given } as const;
}

describe("the history of a series", () => {
  test.each([
    ["mean", 5.5],
    ["min", 3],
    ["max", 9],
    ["sum", 22],
    ["count", 4],
    ["first", 3],
    ["last", 9],
  ] as const)(
    "is one number of the readings after the beginning, up to the end: %s",
    async (aggregate, value) => {
      using folder = temporaryFolder();
      const source = recorded(folder, [100, 3, 4, 6, 9, 200]);
      const { fromMs, toMs } = asks({});
      expect(await historyOf(asks({ aggregate, series: "home:meter#power" }), source)).toEqual({
        isDone: true,
        result: { value, count: 4, fromMs, toMs },
      });
    },
  );

  test("has no number where there are no readings", async () => {
    using folder = temporaryFolder();
    const span = { fromMs: START_MS - 10 * SECOND_MS, toMs: START_MS - 5 * SECOND_MS };
    const outcome = await historyOf(asks(span), recorded(folder, [1]));
    expect(outcome).toEqual({ isDone: true, result: { value: null, count: 0, ...span } });
  });

  test("says what is wrong with the question", async () => {
    using folder = temporaryFolder();
    const source = recorded(folder, [1]);
    const problemOf = async (given: Parameters<typeof asks>[0]) => {
      const outcome = await historyOf(asks(given), source);
      return outcome.isDone ? null : outcome.problem;
    };
    expect(await problemOf({ series: "meter#powr" })).toBe(
      "there is no series meter#powr; did you mean power?",
    );
    expect(await problemOf({ series: "nowhere#x" })).toBe("there is no series nowhere#x");
    expect(await problemOf({ aggregate: "increase" })).toBe(
      "home:meter#power is no counter: take the first and the last value",
    );
  });

  test("ends with the reason of whoever stops it", async () => {
    using folder = temporaryFolder();
    const signal = AbortSignal.abort(new Error("stopping"));
    await expect(historyOf(asks({}), { ...recorded(folder, [1]), signal })).rejects.toThrow(
      "stopping",
    );
  });
});
