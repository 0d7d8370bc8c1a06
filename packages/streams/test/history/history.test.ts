import { describe, expect, test } from "@jest/globals";
import { openSegmentedStore } from "@weir/store";
import { type HistoryQuestion, type HistorySource, readHistory } from "@weir/streams";
import { START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { rowOfSent, SECOND_US, SKEW_US, seriesOf } from "./fixture.ts";

/** A message of the stream `home`; times in seconds. */
interface SentAt {
  topic?: string;
  value: number;
  observed: number;
  received: number;
  retained?: boolean;
  /** The payload, instead of one with `value` and `observed`. */
  json?: object;
}

const usOf = (seconds: number): number => START_US + seconds * SECOND_US;

const rowOfSentAt = ({ observed, received, ...sent }: SentAt) =>
  rowOfSent({ ...sent, observedUs: usOf(observed), receivedUs: usOf(received) });

/** Stores messages, in a new segment each so many. @returns what the question is asked of. */
function stored(
  folder: TemporaryFolder,
  sent: readonly SentAt[],
  segmentRows: number,
): HistorySource {
  const place = { kind: "folder", folder: folder.file("home") } as const;
  using store = openSegmentedStore({
    folder: place.folder,
    stream: "home",
    synchronous: "NORMAL",
    ballastBytes: 0,
    nowUs: START_US,
  });
  for (let at = 0; at < sent.length; at += segmentRows) {
    const rows = sent.slice(at, at + segmentRows).map(rowOfSentAt);
    store.append(rows);
    store.rotate(rows.at(-1)?.receivedUs ?? START_US);
  }
  const stream = {
    name: "home",
    place,
    decoder: { kind: "auto" },
    timeZone: null,
    series: "auto",
    statistics: false,
    historyMs: null,
  } as const;
  return {
    streams: [stream],
    indexFile: folder.file("index.db"),
    skewUs: SKEW_US,
    nowUs: usOf(600),
    signal: new AbortController().signal,
    onSkipped: ({ reason }) => {
      throw new Error(reason);
    },
  };
}

function question(given: Partial<HistoryQuestion> = {}): HistoryQuestion {
  return {
    series: [seriesOf("meter")],
    fromUs: usOf(120),
    toUs: usOf(300),
    bucketsMax: 3,
    timeZone: "UTC",
    isThorough: false,
    ...given,
  };
}

const countsOf = async (
  rows: HistorySource,
  given: Partial<HistoryQuestion> = {},
): Promise<number[]> => {
  const [answer] = (await readHistory(question(given), rows)).answers;
  return answer?.buckets.map(({ count }) => count) ?? [];
};

describe("the history of a series", () => {
  test("has late points and those of a clock that is ahead, and gaps where there are no points", async () => {
    using folder = temporaryFolder();
    const sent = [
      { value: 7, observed: 110, received: 60 },
      { value: 1, observed: 130, received: 72 },
      { value: 3, observed: 290, received: 295 },
      { value: 2, observed: 140, received: 500 },
      { value: 9, observed: 300, received: 501 },
    ];
    const rows = stored(folder, sent, 2);
    const { step, answers } = await readHistory(question(), rows);
    expect(step).toBe("1m");
    const first = { us: usOf(130), value: 1 };
    const last = { us: usOf(140), value: 2 };
    // 7 for 10 s, 1 for 10 s, 2 for 40 s.
    expect(answers[0]?.buckets).toMatchObject([
      { count: 2, average: 1.5, timeWeightedAverage: 160 / 60, first, last, min: 1, max: 2 },
      { count: 0, average: null, timeWeightedAverage: null, first: null, last: null, min: null },
      { count: 1, first: { us: usOf(290), value: 3 }, timeWeightedAverage: 3 },
    ]);
  });

  test("has each series of the question, from its own topic, and no retained messages", async () => {
    using folder = temporaryFolder();
    const at = { observed: 150, received: 150 };
    const sent = [
      { ...at, value: 1 },
      { ...at, value: 2, topic: "attic" },
      { ...at, value: 3, topic: "other" },
      { ...at, value: 4, retained: true },
    ];
    const series = [seriesOf("attic"), seriesOf("meter"), { ...seriesOf("meter"), path: "none" }];
    const { answers } = await readHistory(
      question({ series, bucketsMax: 1 }),
      stored(folder, sent, 9),
    );
    expect(answers.map(({ series: { topic }, buckets }) => [topic, buckets[0]?.average])).toEqual([
      ["attic", 2],
      ["meter", 1],
      ["meter", null],
    ]);
  });

  test("has the series of families with topics of their own; another family's only where every row is read", async () => {
    using folder = temporaryFolder();
    const params = { ts: usOf(150) / SECOND_US, "switch:0": { id: 0, apower: 60 } };
    const at = { topic: "plug/events/rpc", observed: 150, received: 150, value: 0 };
    const json = { src: "plug", method: "NotifyStatus", params };
    const rows = stored(folder, [{ ...at, json }], 1);
    const plug = { ...seriesOf("plug"), path: "switch:0.apower" };
    const given = { bucketsMax: 1, series: [{ ...plug, family: "shelly-gen2" }] };
    expect(await countsOf(rows, given)).toEqual([1]);
    expect(await countsOf(rows, { ...given, series: [plug] })).toEqual([0]);
    expect(await countsOf(rows, { ...given, series: [plug], isThorough: true })).toEqual([1]);
  });

  test("ends between two pages when it is to stop", async () => {
    using folder = temporaryFolder();
    const rows = stored(folder, [{ value: 1, observed: 150, received: 150 }], 1);
    const signal = AbortSignal.abort("SIGINT");
    await expect(readHistory(question(), { ...rows, signal })).rejects.toBe("SIGINT");
  });

  test("equals a loop over the rows, however late they are and whichever segments they lie in", async () => {
    const sent = fc.array(
      fc.record({
        value: fc.integer({ min: 0, max: 9 }),
        observed: fc.integer({ min: 0, max: 400 }),
        late: fc.integer({ min: -60, max: 300 }),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(
        sent,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 5, max: 20 }),
        async (given, bucketsMax, segmentRows) => {
          using folder = temporaryFolder();
          const inOrder = given
            .map(({ late, ...one }) => ({ ...one, received: one.observed + late }))
            .toSorted((one, other) => one.received - other.received);
          const rows = stored(folder, inOrder, segmentRows);
          const { answers } = await readHistory(question({ bucketsMax }), rows);
          for (const bucket of answers[0]?.buckets ?? []) {
            const points = inOrder.filter(
              ({ observed }) => usOf(observed) >= bucket.fromUs && usOf(observed) < bucket.toUs,
            );
            const last = points.toSorted((one, other) => one.observed - other.observed).at(-1);
            const sum = points.reduce((total, { value }) => total + value, 0);
            expect(bucket.count).toBe(points.length);
            expect(bucket.average).toBe(points.length === 0 ? null : sum / points.length);
            expect(bucket.last?.value).toBe(last?.value);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
