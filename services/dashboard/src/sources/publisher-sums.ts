import { type AuditLine, count } from "@weir/audit";
import type { PublisherAudit } from "../contract/system.ts";

/** Publishers that are listed at most, the worst of all. */
const PUBLISHERS_MAX = 500;
/** Of one publisher. */
const TOPICS_MAX = 20;
const RANGES_MAX = 20;
const DOUBTS_MAX = 5;

/** Adds up the lines of an audit by publisher. */
export class PublisherSums {
  readonly #sums = new Map<string, PublisherAudit>();

  add(line: AuditLine): void {
    const { publisher, stream, topic, doubt, missing, lastReceivedUs } = line;
    const sum = this.#sums.get(publisher) ?? this.#begin(publisher);
    const { accepted, stored, waiting } = atOneMoment(line);
    if (accepted !== null) sum.accepted = (sum.accepted ?? 0) + accepted;
    if (waiting !== null) sum.waiting = (sum.waiting ?? 0) + waiting;
    sum.stored += stored;
    sum.abandoned += line.abandoned;
    sum.filtered += line.filtered;
    sum.duplicates += line.duplicates;
    sum.missing += count(missing);
    if (missing.length > 0 && stream !== null && sum.missingRanges.length < TOPICS_MAX) {
      sum.missingRanges.push({ stream, topic, ranges: missing.slice(0, RANGES_MAX).map(pair) });
    }
    const isKnown = doubt === null || sum.doubts.includes(doubt.reason);
    if (!isKnown && sum.doubts.length < DOUBTS_MAX) sum.doubts.push(doubt.reason);
    if (lastReceivedUs !== null) {
      sum.lastReceivedMs = Math.max(sum.lastReceivedMs ?? 0, lastReceivedUs / 1_000);
    }
  }

  /** The worst first: what is missing, then what waits. */
  worst(): PublisherAudit[] {
    const rank = ({ missing, waiting, abandoned }: PublisherAudit): number[] => [
      missing,
      waiting ?? 0,
      abandoned,
    ];
    const compare = (one: PublisherAudit, other: PublisherAudit): number => {
      const others = rank(other);
      const differences = rank(one).map((value, at) => (others[at] ?? 0) - value);
      return differences.find((difference) => difference !== 0) ?? 0;
    };
    return [...this.#sums.values()].sort(compare).slice(0, PUBLISHERS_MAX);
  }

  /** The lines of a publisher come one after the other: what is removed here has its sums. */
  #begin(publisher: string): PublisherAudit {
    if (this.#sums.size >= 2 * PUBLISHERS_MAX) {
      const kept = this.worst();
      this.#sums.clear();
      for (const sum of kept) this.#sums.set(sum.publisher, sum);
    }
    const sum: PublisherAudit = {
      publisher,
      accepted: null,
      stored: 0,
      waiting: null,
      abandoned: 0,
      filtered: 0,
      duplicates: 0,
      missing: 0,
      missingRanges: [],
      doubts: [],
      lastReceivedMs: null,
    };
    this.#sums.set(publisher, sum);
    return sum;
  }
}

/**
 * What an outbox has accepted is older than what the ledger has: of what was waiting then, some is stored by now, and so
 * is what was accepted since.
 */
function atOneMoment(line: AuditLine): Pick<PublisherAudit, "accepted" | "stored" | "waiting"> {
  const { accepted, waiting, received, filtered, abandoned, missing } = line;
  if (accepted === null || waiting === null) return { accepted, waiting, stored: received };
  const left = accepted - received - filtered - abandoned - count(missing);
  const stored = Math.min(received, accepted);
  return { accepted, stored, waiting: Math.max(0, Math.min(waiting, left)) };
}

const pair = ([from, to]: readonly [number, number]): [number, number] => [from, to];
