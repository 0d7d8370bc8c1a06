/** Sequence numbers from..to, both included. */
export type SeqRange = readonly [from: number, to: number];

/** Which sequence numbers of one publisher, epoch and topic have arrived, without a set of numbers. */
export interface Account {
  /** Every number up to this one has arrived. */
  readonly through: number;
  /** The ranges beyond `through` that have arrived: ascending, with a gap before each. */
  readonly ranges: readonly SeqRange[];
}

/** An account that is changed in place, because that happens for each message. */
export interface OpenAccount extends Account {
  through: number;
  ranges: [from: number, to: number][];
}

interface AccountLimits {
  /** Ranges that an account remembers at most. */
  rangesMax: number;
  /** How far beyond the newest known number the next may lie; the first may be any. */
  jumpMax: number;
}

/** What bounds a ledger. When it is full, `displaced` chooses the accounts that are dropped. */
export interface LedgerLimits extends AccountLimits {
  /**
   * Publishers with accounts on topics of devices, and as many on topics that name no device: inventing
   * names on the one kind takes no places from the other.
   */
  publishersMax: number;
  /**
   * Accounts (epochs times topics) of one publisher on each of the two kinds. A publisher whose outbox
   * starts a new epoch every day, or every second, must still get its receipts.
   */
  entriesPerPublisherMax: number;
}

export const LEDGER_LIMITS: LedgerLimits = {
  // More than the gaps that an outbox with a window of 2,000 can make.
  rangesMax: 1_024,
  jumpMax: 1_000_000,
  publishersMax: 10_000,
  entriesPerPublisherMax: 1_000,
};

/** How long an epoch is idle before the logger has the ledger forget it: 30 days. */
export const EPOCH_IDLE_US: number = 30 * 86_400_000_000;

/**
 * What a number is to an account: new, known already, or beyond what it can remember. An account with
 * too many ranges forgets the last of the shortest ones to enter another number.
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

/** Moves `through` on by one, and over a range that begins right behind it. */
function advance(account: OpenAccount): void {
  account.through += 1;
  if (account.ranges[0]?.[0] !== account.through + 1) return;
  account.through = account.ranges[0][1];
  account.ranges.shift();
}

/** Enters a number below the end of the last range. */
function enterAmong(ranges: OpenAccount["ranges"], seq: number, limits: AccountLimits): Accounted {
  const at = ranges.findIndex((range) => range[1] >= seq - 1);
  const [from, to] = ranges[at] as SeqRange;
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

function insert(
  ranges: OpenAccount["ranges"],
  { at, seq }: { at: number; seq: number },
  { rangesMax }: AccountLimits,
): Accounted {
  ranges.splice(at, 0, [seq, seq]);
  if (ranges.length <= rangesMax) return "new";
  // An outbox sends its numbers in order: a number that stands alone and far ahead is least likely real.
  const shortest = Math.min(...ranges.map(([from, to]) => to - from));
  const leastLikely = ranges.findLastIndex(([from, to]) => to - from === shortest);
  ranges.splice(leastLikely, 1);
  return leastLikely === at ? "beyond limits" : "new";
}

/** The numbers below `end` that have not arrived. */
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

/** How many numbers below the newest known one have not arrived. */
export function missingCount(account: Account): number {
  return missingBelow(account, newest(account)).reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

function newest({ through, ranges }: Account): number {
  return ranges.at(-1)?.[1] ?? through;
}

/** The account in a row of the table `ledger`, where `ranges` is JSON `[[from, to], …]`. */
export function accountOf({ through, ranges }: { through: number; ranges: string }): OpenAccount {
  // Only the ledger writes what is parsed here.
  return { through, ranges: JSON.parse(ranges) as OpenAccount["ranges"] };
}
