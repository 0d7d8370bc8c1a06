import type { Announcement, AnnouncementEntry } from "@weir/messages";
import { type LedgerLine, missingBelow, type SeqRange } from "@weir/store";

/** What one stream has of the outboxes whose topics it takes. */
export interface StreamLedger {
  stream: string;
  ledger: readonly LedgerLine[];
  takes: (topic: string) => boolean;
}

/** What an outbox says of itself beside what a stream's ledger says of it. */
export interface AuditLine {
  /** `null` for what no stream takes: it stays in the outbox. */
  stream: string | null;
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

interface Announced {
  publisher: string;
  entry: AnnouncementEntry;
}

/**
 * Sets the ledgers beside what the publishers announce. The announcements must be older than the
 * ledgers: what an outbox has let go by then is stored by then, in every stream that takes its topic.
 */
export function reconcile(
  announcements: ReadonlyMap<string, Announcement>,
  streams: readonly StreamLedger[],
): AuditLine[] {
  const announced = [...announcements].flatMap(([publisher, { entries }]) =>
    entries.map((entry) => ({ publisher, entry })),
  );
  const untaken = announced.filter(({ entry }) => !streams.some(({ takes }) => takes(entry.topic)));
  return [
    ...streams.flatMap((stream) => reconcileStream(stream, announced)),
    ...untaken.map((one) => nothingOf(null, one)),
  ];
}

function reconcileStream(
  { stream, ledger, takes }: StreamLedger,
  announced: readonly Announced[],
): AuditLine[] {
  const expected = new Map(
    announced
      .filter(({ entry }) => takes(entry.topic))
      .map(({ publisher, entry }) => [keyOf({ publisher, ...entry }), { publisher, entry }]),
  );
  const lines = ledger.map((line) => {
    const key = keyOf(line);
    const entry = expected.get(key)?.entry ?? null;
    expected.delete(key);
    return compare({ stream, ...line }, entry);
  });
  return [...lines, ...[...expected.values()].map((one) => nothingOf(stream, one))];
}

/** What was announced and of which nothing has come at all. */
function nothingOf(stream: string | null, { publisher, entry }: Announced): AuditLine {
  const { epoch, topic } = entry;
  const account = { through: 0, ranges: [] };
  return compare({ stream, publisher, epoch, topic, account, ...EMPTY }, entry);
}

type Stored = Omit<LedgerLine, "lastReceivedUs"> & {
  stream: string | null;
  lastReceivedUs: number | null;
};

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
