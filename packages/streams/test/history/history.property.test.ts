import { expect, jest, test } from "@jest/globals";
import { type Bucket, edgesOf } from "@weir/series";
import { type HistoryQuestion, readHistory } from "@weir/streams";
import { temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import {
  DAY_US,
  HOUR_US,
  MINUTE_US,
  RecordedStream,
  SECOND_US,
  type Sent,
  SKEW_US,
  seriesOf,
} from "./fixture.ts";
import { straightforward } from "./straightforward.ts";

jest.setTimeout(300_000);

/** In Berlin the clocks change in the night of this day. */
const START_US = Date.UTC(2026, 2, 28, 18) * 1_000;
const TOPICS = ["attic", "meter"];
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"];

/** How late a point arrives: as a rule at once, after a week from an outbox, or a clock is ahead. */
const lateUs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }).map((ms) => ms * 1_000) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 3 * HOUR_US }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 }).map((hours) => hours * HOUR_US) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 * DAY_US }) },
  { weight: 1, arbitrary: fc.integer({ min: -SKEW_US, max: 0 }) },
);
const message = fc.record({
  topic: fc.constantFrom(...TOPICS),
  lateUs,
  value: fc.integer({ min: -20, max: 1_000 }).map((tenths) => tenths / 10),
});

type Message = { topic: string; lateUs: number; value: number };
type Deed =
  | { kind: "receive"; messages: readonly Message[]; everyUs: number }
  | { kind: "wait"; us: number }
  | { kind: "rotate" }
  | { kind: "keep" }
  | { kind: "merge" }
  /** Of all series at once, or of one after the other. */
  | { kind: "ask"; question: Omit<HistoryQuestion, "series">; atOnce: boolean };

const ask = fc
  .record({
    beforeUs: fc.integer({ min: 0, max: 9 * DAY_US }),
    magnitude: fc.integer({ min: 20, max: 42 }),
    bucketsMax: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 300 })),
    timeZone: fc.constantFrom(...ZONES),
    isThorough: fc.boolean(),
    atOnce: fc.boolean(),
  })
  .map(({ beforeUs, magnitude, atOnce, ...rest }): Deed => {
    const fromUs = START_US + DAY_US - beforeUs;
    const question = { fromUs, toUs: fromUs + 2 ** magnitude, ...rest };
    return { kind: "ask", question, atOnce };
  });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        messages: fc.array(message, { minLength: 1, maxLength: 40 }),
        everyUs: fc.constantFrom(10 * SECOND_US, 7 * MINUTE_US, 0),
      })
      .map((received): Deed => ({ kind: "receive", ...received })),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: DAY_US / 2 }).map((us): Deed => ({ kind: "wait", us })),
  },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: "rotate" }) },
  { weight: 3, arbitrary: fc.constant<Deed>({ kind: "keep" }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: "merge" }) },
  { weight: 3, arbitrary: ask },
);

type Answers = Awaited<ReturnType<typeof readHistory>>["answers"];

/** Equal but for the error of adding in another order. */
function expectEqual(found: readonly Bucket[], expected: readonly Bucket[]): void {
  const exactOf = ({ fromUs, toUs, count, min, max, first, last, transitions }: Bucket) => {
    return { fromUs, toUs, count, min, max, first, last, transitions };
  };
  expect(found.map(exactOf)).toEqual(expected.map(exactOf));
  for (const [index, bucket] of found.entries()) {
    for (const key of ["average", "timeWeightedAverage", "increase"] as const) {
      const value = expected[index]?.[key] as number | null;
      if (value === null) expect(bucket[key]).toBeNull();
      else
        expect(Math.abs((bucket[key] as number) - value)).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(value)),
        );
    }
  }
}

test("each bucket equals a loop over all rows, wherever its points are, however late they came and whenever they were written and merged", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 3, maxLength: 14 }), ask, async (deeds, last) => {
      using folder = temporaryFolder();
      using recorded = new RecordedStream(folder, { nowUs: START_US, historyMs: Infinity });
      const rows: Sent[] = [];
      for (const one of [...deeds, last]) {
        switch (one.kind) {
          case "receive":
            for (const { topic, lateUs: late, value } of one.messages) {
              recorded.clock.advance(one.everyUs / 1_000);
              const receivedUs = recorded.nowUs;
              rows.push({ topic, value, receivedUs, observedUs: receivedUs - late });
              recorded.append(rows.slice(-1));
            }
            break;
          case "wait":
            recorded.clock.advance(Math.ceil(one.us / 1_000));
            break;
          case "rotate":
            recorded.clock.advance(1);
            recorded.rotate();
            break;
          case "keep":
            await recorded.keep();
            break;
          case "merge":
            await recorded.merge();
            break;
          case "ask": {
            const { question, atOnce } = one;
            const series = TOPICS.map((topic) => seriesOf(topic));
            const answers: Answers[number][] = [];
            for (const asked of atOnce ? [series] : series.map((alone) => [alone])) {
              const found = await readHistory({ ...question, series: asked }, recorded.source);
              answers.push(...found.answers);
            }
            const { us: edges } = edgesOf(question, question.bucketsMax, question.timeZone);
            for (const [index, topic] of TOPICS.entries()) {
              const samples = rows
                .filter((row) => row.topic === topic)
                .map(({ observedUs, value }) => ({ us: observedUs, value }));
              const expected = straightforward(samples, edges, recorded.nowUs);
              expectEqual(answers[index]?.buckets ?? [], expected);
            }
          }
        }
      }
    }),
    { numRuns: 100 },
  );
});
