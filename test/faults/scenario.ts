import type { BrokerKind } from "./processes.ts";
import type { Counts } from "./verifier.ts";

/** One way to break the chain from publisher to store. */
export interface Scenario {
  name: string;
  /** What is broken, in one line. */
  summary: string;
  /** How often, unless `--cycles` says otherwise. */
  cycles: number;
  /** How often in the short form, which is part of `npm test`. */
  shortCycles: number;
  /** Why it cannot run on this machine, `null` if it can. */
  obstacle?: () => string | null;
  run(run: Run): Promise<Verdict>;
}

/** What a scenario is given. */
export interface Run {
  cycles: number;
  random: Random;
  brokerKind: BrokerKind;
  /** Its own folder. */
  folder: string;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** The result of a run. */
export interface Verdict {
  cycles: number;
  counts: Counts;
  /** From the end of the last fault until the outbox was empty. */
  recoveryMs: number;
  /** What is wrong, in words; empty if the run passed. */
  problems: string[];
  /** Remarks that are not problems. */
  notes: string[];
}

/** A verdict as one line, and one more for each problem and note. */
export function describeVerdict(name: string, verdict: Verdict): string {
  const { cycles, counts, recoveryMs, problems, notes } = verdict;
  const figures = [
    `${cycles} cycles`,
    `created ${counts.created}`,
    `stored ${counts.stored}`,
    `lost ${counts.lost}`,
    `duplicate ${counts.duplicate}`,
    `recovery ${(recoveryMs / 1_000).toFixed(1)} s`,
  ];
  return [
    `${name}: ${problems.length === 0 ? "passed" : "FAILED"}: ${figures.join(", ")}`,
    ...problems.map((problem) => `  problem: ${problem}`),
    ...notes.map((note) => `  note: ${note}`),
  ].join("\n");
}

/** Decisions that the same seed repeats. */
export interface Random {
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<T>(items: readonly T[]): T;
  /** True in one of `of` cases. */
  oneIn(of: number): boolean;
  shuffle<T>(items: readonly T[]): T[];
}

/** The mulberry32 generator: small, quick, and good enough to choose what to break next. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    between,
    pick: (items) => {
      const picked = items[between(0, items.length - 1)];
      if (picked === undefined) throw new RangeError("there is nothing to pick from");
      return picked;
    },
    oneIn: (of) => between(1, of) === 1,
    shuffle: (items) =>
      items
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}
