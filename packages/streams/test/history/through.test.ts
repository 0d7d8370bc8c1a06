import { describe, expect, test } from "@jest/globals";
import { followStream, type RowPosition, type StreamPlace } from "@weir/store";
import { type History, type HistoryQuestion, type HistorySource, readHistory } from "@weir/streams";
import { temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { HOUR_US, RecordedStream, SECOND_US, type Sent, seriesOf } from "./fixture.ts";

const START_US = Date.UTC(2026, 10, 17) * 1_000;
const TOPICS = ["attic", "meter"];

/** A stream whose values count its rows: the first is 1. Their times go back and forth, so that they have to be sorted. */
class CountingStream implements Disposable {
  readonly recorded: RecordedStream;
  sent = 0;

  constructor(folder: ReturnType<typeof temporaryFolder>, historyMs: number) {
    this.recorded = new RecordedStream(folder, { nowUs: START_US, historyMs });
  }

  append(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.recorded.clock.advance(100);
      this.sent += 1;
      const receivedUs = this.recorded.nowUs;
      const observedUs = receivedUs - (this.sent % 3) * 20 * SECOND_US;
      const topic = TOPICS[this.sent % 2] as string;
      const sent: Sent = { topic, value: this.sent, observedUs, receivedUs };
      this.recorded.append([sent]);
    }
  }

  rotate(): void {
    this.recorded.clock.advance(1);
    this.recorded.rotate();
  }

  get place(): StreamPlace {
    return (this.recorded.source.streams[0] as HistorySource["streams"][number]).place;
  }

  [Symbol.dispose](): void {
    this.recorded[Symbol.dispose]();
  }
}

/** A signal that runs something whenever a reader looks at it: between two pages of rows, and between two answers. */
function signalThatRuns(onLook: () => void): AbortSignal {
  const { signal } = new AbortController();
  return Object.assign(signal, { throwIfAborted: onLook });
}

function question(isThorough: boolean): HistoryQuestion {
  const span = { fromUs: START_US - HOUR_US, toUs: START_US + HOUR_US, bucketsMax: 1_000 };
  return { series: TOPICS.map((topic) => seriesOf(topic)), ...span, timeZone: "UTC", isThorough };
}

/** The values that a follower gets which goes on after a row. */
function follow(place: StreamPlace, after: RowPosition | null): number[] {
  using follower = followStream({ place, after, monotonicMs: () => 0 });
  const values: number[] = [];
  for (let step = follower.step(); step.kind === "rows"; step = follower.step()) {
    for (const { payload } of step.rows.messages) {
      values.push(JSON.parse(payload.toString()).power);
    }
  }
  return values;
}

function expectEachOnce(stream: CountingStream, { answers, through }: History): void {
  const buckets = answers.flatMap((answer) => answer.buckets);
  const counted = buckets.reduce((sum, { count }) => sum + count, 0);
  // Each value is higher than those before it: the highest says which were read.
  expect(Math.max(0, ...buckets.map(({ max }) => max ?? 0))).toBe(counted);
  const behind = Array.from({ length: stream.sent - counted }, (_, index) => counted + index + 1);
  expect([...through.keys()]).toEqual(["home"]);
  expect(follow(stream.place, through.get("home") ?? null)).toEqual(behind);
}

type Deed = { kind: "append"; count: number } | { kind: "rotate" } | { kind: "keep" };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 30 }).map((count): Deed => ({ kind: "append", count })) },
  { weight: 2, arbitrary: fc.constant<Deed>({ kind: "rotate" }) },
  { weight: 2, arbitrary: fc.constant<Deed>({ kind: "keep" }) },
);
const deeds = fc.array(deed, { maxLength: 6 });

async function run(stream: CountingStream, all: readonly Deed[]): Promise<void> {
  for (const one of all) {
    if (one.kind === "append") stream.append(one.count);
    else if (one.kind === "rotate") stream.rotate();
    else await stream.recorded.keep();
  }
}

describe("a history and a follower behind it", () => {
  test("give each point once, whatever is stored, rotated and flushed while the history is read", async () => {
    const property = fc.asyncProperty(
      deeds,
      deeds,
      fc.array(fc.constantFrom("append", "rotate", "nothing"), { maxLength: 8 }),
      fc.record({ isThorough: fc.boolean(), keepsHistory: fc.boolean() }),
      async (before, meanwhile, looks, { isThorough, keepsHistory }) => {
        using folder = temporaryFolder();
        using stream = new CountingStream(folder, Infinity);
        await run(stream, keepsHistory ? before : before.filter(({ kind }) => kind !== "keep"));
        const left = [...looks];
        const signal = signalThatRuns(() => {
          const next = left.shift();
          if (next === "append") stream.append(2);
          if (next === "rotate") stream.rotate();
        });
        const nowUs = START_US + HOUR_US;
        const source = { ...stream.recorded.source, signal, nowUs };
        const reading = readHistory(question(isThorough), source);
        await run(stream, keepsHistory ? meanwhile : []);
        expectEachOnce(stream, await reading);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  }, 120_000);

  test("know a stream without rows, and one of which nothing is asked", async () => {
    using folder = temporaryFolder();
    using other = temporaryFolder();
    using empty = new CountingStream(folder, Infinity);
    const none: StreamPlace = { kind: "folder", folder: other.file("none") };
    const { source } = empty.recorded;
    const streams = [
      ...source.streams,
      ...source.streams.map((one) => ({ ...one, name: "none", place: none })),
    ];
    const { through } = await readHistory(question(false), { ...source, streams });
    expect(through.get("none")).toBeNull();
    expect(through.get("home")).toMatchObject({ id: 0 });
    empty.append(3);
    expect(follow(empty.place, through.get("home") ?? null)).toEqual([1, 2, 3]);
  });
});
