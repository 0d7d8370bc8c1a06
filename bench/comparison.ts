import { type Spread, spreadOf } from "./output.ts";

export const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const decimal = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** What can be measured: how each figure is headed and written, in the order of the columns. */
export const FIGURES = {
  perSecond: { title: "messages/s", text: whole.format },
  cpuUs: { title: "CPU µs/message", text: decimal.format },
  brokerCpuUs: { title: "source's CPU", text: decimal.format },
  lost: { title: "missing", text: whole.format },
  p50Ms: { title: "PUBACK p50 ms", text: decimal.format },
  p99Ms: { title: "p99 ms", text: decimal.format },
  p999Ms: { title: "p99.9 ms", text: decimal.format },
  maxMs: { title: "max ms", text: decimal.format },
  rssMegabytes: { title: "RSS MB", text: decimal.format },
  growth: { title: "growth", text: decimal.format },
  bytesEach: { title: "bytes each", text: decimal.format },
  megabytes: { title: "MB", text: decimal.format },
  tookMs: { title: "ms", text: decimal.format },
  answerP50Ms: { title: "answer p50 ms", text: decimal.format },
  answerP95Ms: { title: "p95 ms", text: decimal.format },
  answerMaxMs: { title: "max ms", text: decimal.format },
  blockedMs: { title: "longest block ms", text: decimal.format },
} satisfies Record<string, { title: string; text(value: number): string }>;

export type FigureName = keyof typeof FIGURES;

/** What is measured of one contender in one round. */
export type Figures = Partial<Record<FigureName, number>>;

/** One comparison: contenders that do the same, in turns. */
export interface Case<B extends Bench = Bench> {
  /** For `--only`. */
  name: string;
  title: string;
  contenders: readonly Contender<B>[];
  claims: readonly Claim[];
  /** How long one measurement takes, for the estimate. */
  secondsEach: number;
  /** Called before the first round. */
  prepare?(bench: B): Promise<void>;
  prepareSeconds?: number;
  /** One round is enough, as it takes long. */
  isOnce?: boolean;
}

export interface Contender<B extends Bench = Bench> {
  name: string;
  /** What is missing on this machine, and how to get it; `null` when it can take part. */
  obstacle(): string | null;
  measure(bench: B): Promise<Figures>;
}

/** A statement that the figures of a case support or refute, or a figure made of them. */
export interface Claim {
  text: string;
  /** `null` for a figure that is only told. */
  target: { atLeast: number } | { atMost: number } | null;
  /** Every round has to meet the target, not only their median. */
  inEachRound?: boolean;
  /** The value in one round; `undefined` where a contender was missing. */
  of(contender: (name: string) => Figures): number | undefined;
}

/** What every measurement is given. */
export interface Bench {
  /** Makes an empty folder that is removed after the run. */
  folder(): string;
  /** Prints progress. */
  say(text: string): void;
  /** Aborted when the run is to end at once. */
  signal: AbortSignal;
}

type Named = Pick<Contender, "name">;

/** A claim about one figure of one contender. */
export function figure(name: FigureName, of: Named): Claim["of"] {
  return (contender) => contender(of.name)[name];
}

/** A claim about the quotient of a figure of two contenders. */
export function ratio(name: FigureName, of: Named, over: Named): Claim["of"] {
  return ofBoth(name, of, over, (above, below) => above / below);
}

/** A claim about the difference of a figure of two contenders. */
export function difference(name: FigureName, of: Named, less: Named): Claim["of"] {
  return ofBoth(name, of, less, (more, fewer) => more - fewer);
}

function ofBoth(
  name: FigureName,
  one: Named,
  other: Named,
  combine: (one: number, other: number) => number,
): Claim["of"] {
  return (contender) => {
    const [a, b] = [contender(one.name)[name], contender(other.name)[name]];
    return a === undefined || b === undefined ? undefined : combine(a, b);
  };
}

/** What was measured: the figures of each contender, one for each round. */
export interface CaseResult {
  case: Pick<Case, "name" | "title" | "claims">;
  figures: ReadonlyMap<string, readonly Figures[]>;
  /** Contenders that could not take part, and why. */
  skipped: ReadonlyMap<string, string>;
  /** Measurements that failed, with the reason. */
  failures: string[];
}

/** Lets the contenders of a case take turns, in another order each round. */
export async function runCase<B extends Bench>(
  bench: B,
  chosen: Case<B>,
  rounds: number,
): Promise<CaseResult> {
  const skipped = new Map<string, string>();
  for (const { name, obstacle } of chosen.contenders) {
    const problem = obstacle();
    if (problem === null) continue;
    skipped.set(name, problem);
    bench.say(`*** ${chosen.name}: SKIPPED ${name}: ${problem} ***`);
  }
  const contenders = chosen.contenders.filter(({ name }) => !skipped.has(name));
  const figures = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  const failures: string[] = [];
  await chosen.prepare?.(bench);
  for (let round = 0; round < (chosen.isOnce === true ? 1 : rounds); round += 1) {
    for (let place = 0; place < contenders.length; place += 1) {
      const contender = contenders[(place + round) % contenders.length];
      if (contender === undefined) continue;
      const turn = `${chosen.name}, round ${round + 1}, ${contender.name}`;
      try {
        const measured = await contender.measure(bench);
        figures.get(contender.name)?.push(measured);
        bench.say(`${turn}: ${brief(measured)}`);
      } catch (error) {
        bench.signal.throwIfAborted();
        // The other contenders can still be measured; the table says that this one could not.
        const failure = `${turn}: ${error instanceof Error ? error.message : String(error)}`;
        failures.push(failure);
        bench.say(`*** FAILED ${failure} ***`);
      }
    }
  }
  return { case: chosen, figures, skipped, failures };
}

function brief({ perSecond, cpuUs, lost }: Figures): string {
  const parts = [
    perSecond === undefined ? null : `${Math.round(perSecond)}/s`,
    cpuUs === undefined ? null : `${cpuUs.toPrecision(3)} µs each`,
    lost === undefined || lost === 0 ? null : `${lost} missing`,
  ];
  return parts.filter((part) => part !== null).join(", ");
}

/** The result of a claim: its value over the rounds, `null` where it could not be measured. */
export interface Verdict {
  claim: Claim;
  spread: Spread | null;
  /** `null` where it could not be measured, or has no target. */
  isMet: boolean | null;
}

/** Evaluates each claim of a case by the median of its rounds, or by the worst round where the claim asks for that. */
export function evaluate({ case: { claims }, figures }: CaseResult): Verdict[] {
  const rounds = Math.max(0, ...[...figures.values()].map(({ length }) => length));
  return claims.map((claim) => {
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const value = claim.of((name) => figures.get(name)?.[round] ?? {});
      if (value !== undefined && Number.isFinite(value)) values.push(value);
    }
    const spread = spreadOf(values);
    return { claim, spread, isMet: spread === null ? null : isMet(claim, spread) };
  });
}

function isMet(
  { target, inEachRound = false }: Claim,
  { median, min, max }: Spread,
): boolean | null {
  if (target === null) return null;
  return "atLeast" in target
    ? (inEachRound ? min : median) >= target.atLeast
    : (inEachRound ? max : median) <= target.atMost;
}
