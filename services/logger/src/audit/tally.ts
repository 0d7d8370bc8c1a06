import { EXIT_CODES } from "@weir/fault";
import type { Doubt } from "./claim.ts";
import { type AuditLine, count } from "./reconcile.ts";

/** What an audit has found, whatever it shows of it. */
export interface Tally {
  /** Lines whose outbox and ledger could be set side by side. */
  judged: number;
  /** Messages. */
  missing: number;
  /** What could not be judged, and what is claimed without support, each as it was first met. */
  doubts: readonly DoubtedTopics[];
}

/** The topics of one publisher that are not judged for one reason. */
interface DoubtedTopics extends Doubt {
  publisher: string;
  topics: number;
}

/** Exit codes of an audit that came to its end. `EXIT_CODES` has those of one that did not. */
const AUDIT_EXIT_CODES = {
  complete: EXIT_CODES.ok,
  missing: 1,
  /** Nothing could be judged at all. */
  nothingJudged: 2,
  /** With `--strict`: something could not be judged, or is claimed without support. */
  doubtful: 3,
} as const;

export function exitCodeOf({ judged, missing, doubts }: Tally, isStrict: boolean): number {
  if (missing > 0) return AUDIT_EXIT_CODES.missing;
  if (judged === 0) return AUDIT_EXIT_CODES.nothingJudged;
  if (isStrict && doubts.length > 0) return AUDIT_EXIT_CODES.doubtful;
  return AUDIT_EXIT_CODES.complete;
}

/** Counts lines as they come. */
export function createTally(): { add(line: AuditLine): void; result(): Tally } {
  const doubts = new Map<string, DoubtedTopics>();
  let judged = 0;
  let missing = 0;
  return {
    add: ({ publisher, doubt, missing: ranges }) => {
      missing += count(ranges);
      if (doubt === null) {
        judged += 1;
        return;
      }
      const key = `${publisher}/${doubt.reason}`;
      const known = doubts.get(key);
      if (known === undefined) doubts.set(key, { publisher, ...doubt, topics: 1 });
      else known.topics += 1;
    },
    result: () => ({ judged, missing, doubts: [...doubts.values()] }),
  };
}
