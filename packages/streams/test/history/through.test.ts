import { cpSync, existsSync, rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { followStream, type RowPosition, type StreamPlace } from "@weir/store";
import { type History, type HistoryQuestion, type HistorySource, readHistory } from "@weir/streams";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { DAY_US, MINUTE_US, RecordedStream, type Sent, seriesOf } from "./fixture.ts";

const START_US = Date.UTC(2026, 10, 17) * 1_000;
const TOPICS = ["attic", "meter"];

/** A stream whose values count its rows: the first is 1. Their times go back and forth, so that they have to be sorted. */
class CountingStream implements Disposable {
  readonly recorded: RecordedStream;
  sent = 0;

  constructor(folder: TemporaryFolder, historyMs: number) {
    this.recorded = new RecordedStream(folder, { nowUs: START_US, historyMs });
  }

  append(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.recorded.clock.advance(60_000);
      this.sent += 1;
      const receivedUs = this.recorded.nowUs;
      const topic = TOPICS[this.sent % 2] as string;
      // On another day, and so in another file.
      const dayUs = topic === "attic" ? DAY_US : 0;
      const observedUs = receivedUs - dayUs - (this.sent % 3) * 3 * MINUTE_US;
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
  const span = { fromUs: START_US - 2 * DAY_US, toUs: START_US + DAY_US, bucketsMax: 1_000 };
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

/** Makes of a copy what a stream is after ten more rows and a flush, whose files have other names. */
async function flushInCopy(
  stream: CountingStream,
  { from, to }: { from: TemporaryFolder; to: TemporaryFolder },
): Promise<void> {
  cpSync(from.path, to.path, { recursive: true });
  using copy = new CountingStream(to, Infinity);
  copy.recorded.clock.advance((stream.recorded.nowUs - START_US) / 1_000);
  copy.sent = stream.sent;
  copy.append(10);
  await copy.recorded.keep();
  // The second one removes the files whose points are in others.
  await copy.recorded.merge();
  await copy.recorded.merge();
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
        const nowUs = START_US + DAY_US;
        const source = { ...stream.recorded.source, signal, nowUs };
        const reading = readHistory(question(isThorough), source);
        await run(stream, keepsHistory ? meanwhile : []);
        expectEachOnce(stream, await reading);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  }, 120_000);

  test.each([1, 2, 3])(
    "are of one moment when a flush and a merge come at look %d of the reader",
    async (atLook) => {
      using folder = temporaryFolder();
      using flushed = temporaryFolder();
      using stream = new CountingStream(folder, Infinity);
      // As many files as are put together.
      for (let part = 0; part < 12; part += 1) {
        stream.append(4);
        await stream.recorded.keep();
      }
      await flushInCopy(stream, { from: folder, to: flushed });
      let look = 0;
      const signal = signalThatRuns(() => {
        look += 1;
        if (look !== atLook) return;
        stream.append(10);
        for (const name of ["index.db-wal", "index.db-shm", "index.db", "history"]) {
          rmSync(folder.file(name), { recursive: true, force: true });
          if (!existsSync(flushed.file(name))) continue;
          cpSync(flushed.file(name), folder.file(name), { recursive: true });
        }
      });
      // So long that each series is read by itself.
      const span = { fromUs: START_US - 60 * DAY_US, bucketsMax: 4 * 24 * 61 };
      const source = { ...stream.recorded.source, signal, nowUs: START_US + DAY_US };
      const history = await readHistory({ ...question(false), ...span }, source);
      expect(look).toBeGreaterThanOrEqual(atLook);
      expectEachOnce(stream, history);
    },
  );

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
