import type { Announcement, AnnouncementEntry } from "@weir/protocol";
import {
  type Account,
  type ForgottenCounts,
  type LedgerLine,
  missingBelow,
  type SeqRange,
} from "@weir/store";

/**
 * Why a line is not judged. `unjudged`: the audit lacks something. `unsupported`: the publisher claims
 * what the ledger cannot support; anyone may have written it.
 */
export interface Doubt {
  kind: "unjudged" | "unsupported";
  reason: string;
}

/** How far beyond the newest number in the ledger a publisher may say that messages have left it. */
const DELIVERED_AHEAD_MAX = 1_000_000;
/** No outbox holds so many. */
const WAITING_MAX = 100_000_000;

export const unjudged = (reason: string): Doubt => ({ kind: "unjudged", reason });
export const unsupported = (reason: string): Doubt => ({ kind: "unsupported", reason });

/** The messages that have left the outbox, as it says: stored or given up. */
function leftOf({ oldestUnsent }: AnnouncementEntry): number {
  return oldestUnsent - 1;
}

/** What is wrong with announced numbers, which any client may have written; `null` when the ledger can be set beside them. */
function doubtOfNumbers(entry: AnnouncementEntry, account: Account): Doubt | null {
  const { accepted, oldestUnsent, abandoned } = entry;
  if (oldestUnsent < 1 || oldestUnsent > accepted + 1 || !isAscending(abandoned, accepted))
    return unsupported("its numbers contradict each other");
  if (accepted + 1 - oldestUnsent > WAITING_MAX)
    return unsupported("it claims more waiting messages than an outbox holds");
  const newest = account.ranges.at(-1)?.[1] ?? account.through;
  if (leftOf(entry) > newest + DELIVERED_AHEAD_MAX)
    return unsupported("its numbers are far beyond those in the ledger");
  return null;
}

function isAscending(ranges: readonly SeqRange[], end: number): boolean {
  let before = 0;
  return ranges.every(([from, to]) => {
    const fits = from > before && to >= from && to <= end;
    before = to;
    return fits;
  });
}

/** What one stream has of one publisher. */
export interface StreamAccounts {
  stream: string;
  /** False before the logger has made its first file. */
  hasStore: boolean;
  takes: (topic: string) => boolean;
  lines: readonly LedgerLine[];
  forgotten: ForgottenCounts | null;
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
  /** Messages that are neither stored, nor waiting, nor given up. None where there is a doubt. */
  missing: readonly SeqRange[];
  /** Why this line is not judged; `null` when it is. */
  doubt: Doubt | null;
  /** Microseconds since the epoch; `null` for an outbox of which nothing has come. */
  lastReceivedUs: number | null;
}

/** What is known of a publisher beside one stream's ledger. */
interface Known {
  entries: readonly AnnouncementEntry[];
  /** Why there are no entries; `null` when there is an announcement. */
  absence: Doubt | null;
  /** The epochs in any stream's ledger. */
  epochs: ReadonlySet<string>;
  /** No ledger has ever had anything of it. */
  isStranger: boolean;
}

const EMPTY = { received: 0, duplicates: 0, filtered: 0, lastReceivedUs: null };

/**
 * Sets the ledgers beside what a publisher announces, or beside the reason why there is no
 * announcement. The announcement must be older than the ledgers: what an outbox has let go by then is
 * stored by then, in every stream that takes its topic.
 */
export function reconcile(
  publisher: string,
  announced: Announcement | Doubt,
  streams: readonly StreamAccounts[],
): AuditLine[] {
  const isAnnounced = "entries" in announced;
  const known: Known = {
    entries: isAnnounced ? announced.entries : [],
    absence: isAnnounced ? null : announced,
    epochs: new Set(streams.flatMap(({ lines }) => lines.map(({ epoch }) => epoch))),
    isStranger: streams.every(({ lines, forgotten }) => lines.length === 0 && forgotten === null),
  };
  const untaken = known.entries.filter(({ topic }) => !streams.some(({ takes }) => takes(topic)));
  const lines = [
    ...streams.flatMap((stream) => reconcileStream(publisher, known, stream)),
    ...untaken.map((entry) => {
      const doubt = known.isStranger ? STRANGER : unjudged("no stream takes this topic");
      return nothingOf({ stream: null, publisher, ...entry }, entry, doubt);
    }),
  ];
  if (lines.length > 0 || known.absence === null) return lines;
  const nothing = { stream: null, publisher, epoch: "", topic: "" };
  return [nothingOf(nothing, null, known.absence)];
}

const STRANGER = unsupported("the ledger knows no such publisher");

function reconcileStream(
  publisher: string,
  known: Known,
  { stream, hasStore, takes, lines, forgotten }: StreamAccounts,
): AuditLine[] {
  const expected = new Map(
    known.entries.filter(({ topic }) => takes(topic)).map((entry) => [keyOf(entry), entry]),
  );
  const found = lines.map((line) => {
    const entry = expected.get(keyOf(line)) ?? null;
    expected.delete(keyOf(line));
    const doubt =
      entry === null
        ? (known.absence ?? unjudged("its announcement does not mention this epoch any more"))
        : doubtOfNumbers(entry, line.account);
    return compare({ stream, ...line }, entry, doubt);
  });
  const isForgotten = covers(forgotten, [...expected.values()], known);
  const absent = [...expected.values()].map((entry) => {
    const doubt = hasStore
      ? doubtOfAbsent(entry, known, isForgotten)
      : unjudged("the stream has no store yet");
    return nothingOf({ stream, publisher, ...entry }, entry, doubt);
  });
  return [...found, ...absent];
}

/** Whether what the ledger has forgotten is as much as the epochs that it does not know are said to be. */
function covers(
  forgotten: ForgottenCounts | null,
  absent: readonly AnnouncementEntry[],
  { epochs }: Known,
): boolean {
  if (forgotten === null) return false;
  const left = absent
    .filter(({ epoch }) => !epochs.has(epoch))
    .reduce((sum, entry) => sum + leftOf(entry) - count(entry.abandoned), 0);
  return left <= forgotten.received + forgotten.filtered;
}

/** Why that is not judged of which the ledger has no line; `null` when all of it is missing. */
function doubtOfAbsent(entry: AnnouncementEntry, known: Known, isForgotten: boolean): Doubt | null {
  if (known.isStranger) return STRANGER;
  const doubt = doubtOfNumbers(entry, NO_ACCOUNT);
  if (doubt !== null) return doubt;
  if (leftOf(entry) === 0) return unjudged("nothing of it has come yet: all of it waits");
  if (known.epochs.has(entry.epoch)) return null;
  if (isForgotten)
    return unjudged("the ledger has forgotten this epoch, which was complete and idle");
  return unsupported("the ledger has never seen this epoch");
}

const NO_ACCOUNT: Account = { through: 0, ranges: [] };

type Stored = Omit<LedgerLine, "lastReceivedUs"> & {
  stream: string | null;
  lastReceivedUs: number | null;
};

type Place = Pick<AuditLine, "stream" | "publisher" | "epoch" | "topic">;

function nothingOf(
  { stream, publisher, epoch, topic }: Place,
  entry: AnnouncementEntry | null,
  doubt: Doubt | null,
): AuditLine {
  const stored = { stream, publisher, epoch, topic, account: NO_ACCOUNT, ...EMPTY };
  return compare(stored, entry, doubt);
}

/** @param entry `null` where the publisher has announced nothing. */
function compare(
  { account, ...line }: Stored,
  entry: AnnouncementEntry | null,
  doubt: Doubt | null,
): AuditLine {
  if (entry === null)
    return { ...line, accepted: null, abandoned: 0, waiting: null, missing: [], doubt };
  const { accepted, oldestUnsent, abandoned } = entry;
  const gaps = doubt === null ? missingBelow(account, oldestUnsent) : [];
  return {
    ...line,
    accepted,
    abandoned: count(abandoned),
    waiting: accepted + 1 - oldestUnsent,
    missing: without(gaps, abandoned),
    doubt,
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

function keyOf({ epoch, topic }: { epoch: string; topic: string }): string {
  // An epoch is a name: it has no slash.
  return `${epoch}/${topic}`;
}
