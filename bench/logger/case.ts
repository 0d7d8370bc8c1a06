import type { Mosquitto } from "./brokers/mosquitto.ts";

/** What is measured of one contender in one round, by its name in `FIGURES` (figures.ts). */
export type Figures = Partial<Record<FigureName, number>>;

export type FigureName =
  | "perSecond"
  | "cpuUs"
  | "brokerCpuUs"
  | "lost"
  | "p50Ms"
  | "p99Ms"
  | "p999Ms"
  | "maxMs"
  | "rssMegabytes"
  | "growth";

/** One comparison: contenders that do the same, in turns. */
export interface Case {
  /** For `--only`. */
  name: string;
  title: string;
  contenders: readonly Contender[];
  claims: readonly Claim[];
  /** What one measurement takes, for the estimate. */
  secondsEach: number;
  /** Made before the first round. */
  prepare?(bench: Bench): Promise<void>;
  prepareSeconds?: number;
  /** Too long to be repeated. */
  isOnce?: boolean;
}

export interface Contender {
  name: string;
  /** What is missing on this machine, and how to get it; `null` when it can take part. */
  obstacle(): string | null;
  measure(bench: Bench): Promise<Figures>;
}

/** One sentence that is to come true. */
export interface Claim {
  text: string;
  target: { atLeast: number } | { atMost: number };
  /** Each round is to meet it, not only their median. */
  inEachRound?: boolean;
  /** What one round says of it; `undefined` where a contender was missing. */
  of(contender: (name: string) => Figures): number | undefined;
}

/** What a measurement finds on this machine. */
export interface Bench {
  mosquitto: Mosquitto;
  /** Makes an empty folder that is removed after the run. */
  folder(): string;
  isQuick: boolean;
  /** Progress. */
  say(text: string): void;
  /** The run is to end at once. */
  signal: AbortSignal;
}

/** The quotient of one figure of two contenders. */
export function ratio(figure: FigureName, of: string, over: string): Claim["of"] {
  return (contender) => {
    const [above, below] = [contender(of)[figure], contender(over)[figure]];
    return above === undefined || below === undefined ? undefined : above / below;
  };
}

/** A figure of one contender as it is. */
export function figure(name: FigureName, of: string): Claim["of"] {
  return (contender) => contender(of)[name];
}
