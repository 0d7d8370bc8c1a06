import { type AuditLine, count, type Doubt } from "./reconcile.ts";

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

/** Counts lines as they come. */
export function createTally() {
  const doubts = new Map<string, DoubtedTopics>();
  let judged = 0;
  let missing = 0;
  return {
    add: ({ publisher, doubt, missing: ranges }: AuditLine): void => {
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
    result: (): Tally => ({ judged, missing, doubts: [...doubts.values()] }),
  };
}
