import type { BrokerKind } from "./broker-process.ts";
import type { Random } from "./random.ts";
import type { Count } from "./start-judge.ts";

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
  /** A folder of its own. */
  folder: string;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** What came out of it. */
export interface Verdict {
  cycles: number;
  count: Count;
  /** From the end of the last fault until the outbox was empty. */
  recoveryMs: number;
  /** What is wrong, in words. None: passed. */
  problems: string[];
  /** What is worth knowing. */
  notes: string[];
}
