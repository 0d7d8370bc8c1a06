/** Sequence numbers from..to, both included. */
export type SeqRange = readonly [from: number, to: number];

/** Which sequence numbers of one publisher, epoch and topic have come: never a set of numbers. */
export interface Account {
  /** Every one up to this has come. */
  readonly through: number;
  /** And those in these ranges beyond it: ascending, apart from each other. */
  readonly ranges: readonly SeqRange[];
}

/** An account that numbers are entered into, in place: it is done for each message. */
export interface OpenAccount extends Account {
  through: number;
  ranges: [from: number, to: number][];
}

/** What bounds an account. */
interface AccountLimits {
  /** Gaps that an account remembers at most. */
  rangesMax: number;
  /** How far beyond the newest known number the next may lie; the first may be any. */
  jumpMax: number;
}

/**
 * What became of a number: new, known already, or beyond what an account can remember. Where there are too
 * many gaps, the last of the shortest ranges is forgotten for a number before it.
 */
export type Accounted = "new" | "duplicate" | "beyond limits";

/** Enters one number into an account. */
export function enter(account: OpenAccount, seq: number, limits: AccountLimits): Accounted {
  const { through, ranges } = account;
  if (seq <= through) return "duplicate";
  if (seq === through + 1) {
    advance(account);
    return "new";
  }
  const last = ranges.at(-1);
  if (last !== undefined && seq <= last[1]) return enterAmong(ranges, seq, limits);
  if (last !== undefined && seq === last[1] + 1) {
    last[1] = seq;
    return "new";
  }
  // A store may be younger than its publishers: the first number that it sees is no jump.
  const isFirst = through === 0 && last === undefined;
  if (!isFirst && seq - newest(account) > limits.jumpMax) return "beyond limits";
  return insert(ranges, { at: ranges.length, seq }, limits);
}

/** The numbers that have not come, below `end`. */
export function missingBelow({ through, ranges }: Account, end: number): SeqRange[] {
  const missing: SeqRange[] = [];
  let next = through + 1;
  for (const [from, to] of ranges) {
    if (next < Math.min(from, end)) missing.push([next, Math.min(from, end) - 1]);
    next = to + 1;
  }
  if (next < end) missing.push([next, end - 1]);
  return missing;
}

/** How many numbers below the newest known one have not come. */
export function missingCount(account: Account): number {
  return missingBelow(account, newest(account)).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

function newest({ through, ranges }: Account): number {
  return ranges.at(-1)?.[1] ?? through;
}

/** `through` moves on by one, and over a range that begins right behind it. */
function advance(account: OpenAccount): void {
  account.through += 1;
  if (account.ranges[0]?.[0] !== account.through + 1) return;
  account.through = account.ranges[0][1];
  account.ranges.shift();
}

/** Enters a number below the end of the last range. */
function enterAmong(ranges: OpenAccount["ranges"], seq: number, limits: AccountLimits): Accounted {
  const at = firstReaching(ranges, seq - 1);
  const found = ranges[at] as SeqRange;
  const [from, to] = found;
  if (seq >= from && seq <= to) return "duplicate";
  if (seq === to + 1) {
    const next = ranges[at + 1];
    const isJoined = next !== undefined && next[0] === seq + 1;
    ranges.splice(at, isJoined ? 2 : 1, [from, isJoined ? next[1] : seq]);
    return "new";
  }
  if (seq === from - 1) {
    ranges[at] = [seq, to];
    return "new";
  }
  return insert(ranges, { at, seq }, limits);
}

/** The index of the first range that ends at `seq` or beyond. */
function firstReaching(ranges: readonly SeqRange[], seq: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const [, to] = ranges[middle] as SeqRange;
    if (to < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastShortest(ranges: readonly SeqRange[]): number {
  let found = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (const [index, [from, to]] of ranges.entries()) {
    if (to - from > shortest) continue;
    shortest = to - from;
    found = index;
  }
  return found;
}

function insert(
  ranges: OpenAccount["ranges"],
  { at, seq }: { at: number; seq: number },
  { rangesMax }: AccountLimits,
): Accounted {
  ranges.splice(at, 0, [seq, seq]);
  if (ranges.length <= rangesMax) return "new";
  // An outbox sends its numbers in order: what stands alone and far ahead is least likely to be one of them.
  const leastLikely = lastShortest(ranges);
  ranges.splice(leastLikely, 1);
  return leastLikely === at ? "beyond limits" : "new";
}

/** What bounds a ledger. Where there is no room for a new one, `displaced` (standing.ts) says who goes. */
export interface LedgerLimits extends AccountLimits {
  /**
   * Publishers that are kept account of on topics of devices, and as many on topics that name no device:
   * who invents names on the one kind takes no places from the other.
   */
  publishersMax: number;
  /**
   * Openings of its outbox and topics, together, that are kept account of for one publisher on each of
   * the two kinds: one that restarts every day, or every second, must get its receipts all the same.
   */
  entriesPerPublisherMax: number;
}

const DAY_US = 86_400_000_000;

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  entriesPerPublisherMax: 1_000,
};

/** How long an epoch has been idle that `forgetIdle` is to forget, unless somebody says otherwise. */
export const EPOCH_IDLE_US: number = 30 * DAY_US;
