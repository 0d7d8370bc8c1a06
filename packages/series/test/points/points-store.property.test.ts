import { rmSync } from "node:fs";
import { expect, jest, test } from "@jest/globals";
import { type HistoryWriter, StoredPoints } from "@weir/series";
import { createFakeClock, temporaryFolder } from "@weir/testkit";
import fc from "fast-check";
import { HISTORY_STEPS, type HistoryStep } from "../../src/points/history-writer.ts";
import {
  DAY_MS,
  expectedOf,
  filesOf,
  type Given,
  HOUR_MS,
  HOUR_US,
  type OpenedHistory,
  openHistory,
  readSeries,
  rowAt,
  START_MS,
  START_US,
} from "./history-fixture.ts";

jest.setTimeout(300_000);

const PATHS = ["energy", "power"];
const KEPT = { historyMs: Number.POSITIVE_INFINITY };

/** Few times, so that many points have the same one; over days of three months. */
const point = fc.record({
  path: fc.constantFrom(...PATHS),
  us: fc
    .record({
      day: fc.constantFrom(0, 0, 0, 1, 2, -1, -20, 20),
      hour: fc.constantFrom(0, 0, 1, 23),
      us: fc.integer({ min: 0, max: 5 }),
    })
    .map(({ day, hour, us }) => START_US + (day * 24 + hour) * HOUR_US + us),
  value: fc.integer({ min: 0, max: 9 }),
});
const row = fc.array(point, { maxLength: 4 });

type Deed =
  | { kind: "give"; rows: Given[][] }
  | { kind: "flush" }
  | { kind: "merge" }
  | { kind: "merge and flush" }
  | { kind: "erase"; path: string; fromUs: number; toUs: number }
  | { kind: "wait"; hours: number }
  /** The process is killed, or the next time that it does this. */
  | { kind: "kill"; step: HistoryStep | null }
  | { kind: "lose index" };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(row, { minLength: 1, maxLength: 6 })
      .map((rows): Deed => ({ kind: "give", rows })),
  },
  { weight: 6, arbitrary: fc.constant<Deed>({ kind: "flush" }) },
  { weight: 3, arbitrary: fc.constant<Deed>({ kind: "merge" }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: "merge and flush" }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 20, 24 * 40).map((hours): Deed => ({ kind: "wait", hours })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(null, ...HISTORY_STEPS)
      .map((step): Deed => ({ kind: "kill", step })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(point, point)
      .map(([{ path, us: fromUs }, { us: toUs }]): Deed => ({ kind: "erase", path, fromUs, toUs })),
  },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: "lose index" }) },
);

/** A process that writes a history, and its successors. */
class Processes implements Disposable {
  readonly indexFile: string;
  /** All that was stored, whether it was given or not. */
  readonly rows: Given[][] = [];
  readonly #all: OpenedHistory[] = [];
  #nowMs = START_MS;
  #dieAt: HistoryStep | null = null;
  #died = Promise.withResolvers<void>();
  #writer: HistoryWriter | null = null;
  #given = 0;

  constructor(indexFile: string) {
    this.indexFile = indexFile;
  }

  async do(one: Deed): Promise<void> {
    const writer = await this.#living();
    switch (one.kind) {
      case "give":
        this.rows.push(...one.rows);
        return this.#give(writer);
      case "flush":
        await this.#orDie(writer.flush());
        return;
      case "merge":
        await this.#orDie(writer.merge());
        return;
      case "merge and flush":
        await this.#orDie(Promise.all([writer.merge(), writer.flush()]));
        return;
      case "erase": {
        const { fromUs, toUs } = one;
        const matches = (_topic: string, path: string) => path === one.path;
        const isDone = await this.#orDie(writer.erase({ matches, fromUs, toUs }));
        if (isDone) this.#forget(one);
        return;
      }
      case "wait":
        this.#nowMs += one.hours * HOUR_MS;
        this.#all.at(-1)?.clock.advance(one.hours * HOUR_MS);
        await this.#orDie(Promise.resolve());
        return;
      case "kill":
        if (one.step === null) this.#writer = null;
        this.#dieAt = one.step;
        return;
      case "lose index":
        // Nothing else may have it open.
        this[Symbol.dispose]();
        for (const end of ["", "-wal", "-shm"]) rmSync(this.indexFile + end, { force: true });
    }
  }

  [Symbol.dispose](): void {
    this.#writer = null;
    for (const one of this.#all.splice(0)) one[Symbol.dispose]();
  }

  /** Gives what was stored behind the row up to which the writer has them. */
  #give(writer: HistoryWriter): void {
    for (; this.#given < this.rows.length; this.#given += 1) {
      const position = rowAt(this.#given + 1);
      if (writer.has(position)) continue;
      for (const { path, us, value } of this.rows[this.#given] ?? []) {
        writer.add("t", path, us, value);
      }
      writer.pass(position);
    }
  }

  async #living(): Promise<HistoryWriter> {
    if (this.#writer !== null) return this.#writer;
    // One that was killed does nothing more, and leaves all as it is.
    const died = Promise.withResolvers<void>();
    this.#died = died;
    let isDead = false;
    const onStep = (step: HistoryStep): void | Promise<void> => {
      if (step !== this.#dieAt && !isDead) return;
      isDead = true;
      died.resolve();
      return new Promise(() => {});
    };
    const history = openHistory(this.indexFile, { clock: createFakeClock(this.#nowMs), onStep });
    this.#all.push(history);
    this.#writer = await history.store.stream("home", KEPT);
    expect(history.lost).toEqual([]);
    this.#given = this.#writer.through?.id ?? 0;
    this.#give(this.#writer);
    return this.#writer;
  }

  /** What was stored is as if it had not been. */
  #forget({ path, fromUs, toUs }: Extract<Deed, { kind: "erase" }>): void {
    const isLeft = (one: Given) => one.path !== path || one.us < fromUs || one.us >= toUs;
    for (const [index, row] of this.rows.entries()) this.rows[index] = row.filter(isLeft);
  }

  async #orDie(work: Promise<unknown>): Promise<boolean> {
    const end = await Promise.race([
      work.then(() => "done"),
      this.#died.promise.then(() => "died"),
    ]);
    if (end === "done") return true;
    this.#writer = null;
    this.#dieAt = null;
    return false;
  }
}

function check(processes: Processes): void {
  using stored = StoredPoints.open(processes.indexFile);
  const through = stored?.through("home")?.id ?? 0;
  const kept = processes.rows.slice(0, through).flat();
  for (const path of PATHS) {
    expect(readSeries(processes.indexFile, path)).toEqual(expectedOf(kept, path));
  }
}

test("each point is kept once and each hour is the fold of its points, whatever arrives when, is killed, merged, erased or lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 40 }), async (deeds) => {
      using folder = temporaryFolder();
      using processes = new Processes(folder.file("index.db"));
      for (const one of deeds) {
        await processes.do(one);
        check(processes);
      }
      await processes.do({ kind: "kill", step: null });
      await processes.do({ kind: "flush" });
      using stored = StoredPoints.open(processes.indexFile);
      if (processes.rows.length > 0) {
        expect(stored?.through("home")).toEqual(rowAt(processes.rows.length));
      }
      check(processes);
    }),
    { numRuns: 60 },
  );
});

test("many small files become one for each month, in the end", async () => {
  using folder = temporaryFolder();
  using processes = new Processes(folder.file("index.db"));
  const random = fc.sample(fc.array(row, { minLength: 60, maxLength: 60 }), {
    numRuns: 1,
    seed: 7,
  });
  for (const points of random[0] ?? []) {
    // Months that ended before the first flush get late points only, which wait.
    const one = points.filter(({ us }) => us >= START_US);
    await processes.do({ kind: "give", rows: [one] });
    await processes.do({ kind: "flush" });
    await processes.do({ kind: "merge" });
    check(processes);
  }
  await processes.do({ kind: "wait", hours: (60 * DAY_MS) / HOUR_MS });
  for (let times = 0; times < 30; times += 1) await processes.do({ kind: "merge" });
  await processes.do({ kind: "wait", hours: 1 });
  check(processes);
  expect(filesOf(processes.indexFile).map((name) => name.slice(0, 21))).toEqual([
    "month=2026-11/2026-11",
    "month=2026-12/2026-12",
  ]);
});
