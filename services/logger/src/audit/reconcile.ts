import type { Announcement, AnnouncementEntry } from "@weir/messages";
import { type LedgerLine, missingBelow, type SeqRange } from "@weir/store";

/** What an outbox says of itself beside what the ledger says of it. */
export interface AuditLine {
  publisher: string;
  epoch: string;
  topic: string;
  /** Messages that the outbox took in; `null` where it has announced nothing. */
  accepted: number | null;
  received: number;
  duplicates: number;
  filtered: number;
  abandoned: number;
  /** Messages that are still in the outbox; `null` where it has announced nothing. */
  waiting: number | null;
  /** Messages that are neither stored, nor waiting, nor given up. */
  missing: readonly SeqRange[];
  /** Microseconds since the epoch; `null` for an outbox of which nothing has come. */
  lastReceivedUs: number | null;
}

const EMPTY = { received: 0, duplicates: 0, filtered: 0, lastReceivedUs: null };

/**
 * Sets the ledger beside what the publishers announce. The announcements must be older than the
 * ledger: what an outbox has let go by then is stored by then.
 */
export function reconcile(
  announcements: ReadonlyMap<string, Announcement>,
  ledger: readonly LedgerLine[],
): AuditLine[] {
  const announced = new Map<string, { publisher: string; entry: AnnouncementEntry }>();
  for (const [publisher, { entries }] of announcements) {
    for (const entry of entries)
      announced.set(keyOf({ publisher, ...entry }), { publisher, entry });
  }
  const lines = ledger.map((line) => {
    const key = keyOf(line);
    const entry = announced.get(key)?.entry ?? null;
    announced.delete(key);
    return compare(line, entry);
  });
  // What was announced and of which nothing has come at all.
  for (const { publisher, entry } of announced.values()) {
    const { epoch, topic } = entry;
    const account = { through: 0, ranges: [] };
    lines.push(compare({ publisher, epoch, topic, account, ...EMPTY }, entry));
  }
  return lines;
}

type Stored = Omit<LedgerLine, "lastReceivedUs"> & { lastReceivedUs: number | null };

function compare({ account, ...line }: Stored, entry: AnnouncementEntry | null): AuditLine {
  if (entry === null) return { ...line, accepted: null, abandoned: 0, waiting: null, missing: [] };
  const { accepted, oldestUnsent, abandoned } = entry;
  const gaps = missingBelow(account, oldestUnsent);
  return {
    ...line,
    accepted,
    abandoned: count(abandoned),
    waiting: accepted + 1 - oldestUnsent,
    missing: without(gaps, abandoned),
  };
}

/** How many numbers ranges hold. */
export function count(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The numbers of some ranges that are in none of others. */
function without(ranges: readonly SeqRange[], others: readonly SeqRange[]): SeqRange[] {
  return others.reduce<SeqRange[]>(
    (left, [cutFrom, cutTo]) =>
      left.flatMap(([from, to]): SeqRange[] => {
        if (cutTo < from || cutFrom > to) return [[from, to]];
        const parts: SeqRange[] = [
          [from, cutFrom - 1],
          [cutTo + 1, to],
        ];
        return parts.filter(([start, end]) => start <= end);
      }),
    [...ranges],
  );
}

function keyOf({ publisher, epoch, topic }: { publisher: string; epoch: string; topic: string }) {
  return JSON.stringify([publisher, epoch, topic]);
}
