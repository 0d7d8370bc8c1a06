/** Sequence numbers from..to, both included. */
export type SeqRange = readonly [from: number, to: number];

/** Which sequence numbers of one publisher, epoch and topic have come: never a set of numbers. */
export interface Account {
  /** Every one up to this has come. */
  through: number;
  /** And those in these ranges beyond it: ascending, apart from each other. */
  ranges: readonly SeqRange[];
}

/** What bounds an account. */
export interface AccountLimits {
  /** Gaps that an account remembers at most. */
  rangesMax: number;
  /** How far beyond the newest known number the next may lie; the first may be any. */
  jumpMax: number;
}

/** What became of a number: new, known already, or beyond what an account can remember. */
export type Accounted =
  | { kind: "new"; account: Account }
  | { kind: "duplicate" }
  | { kind: "beyond limits" };

export const EMPTY_ACCOUNT: Account = { through: 0, ranges: [] };

/** Enters one number into an account. */
export function enter(account: Account, seq: number, limits: AccountLimits): Accounted {
  const { through, ranges } = account;
  if (seq <= through) return { kind: "duplicate" };
  if (seq === through + 1) return { kind: "new", account: absorb(seq, ranges) };
  // A store may be younger than its publishers: the first number that it sees is no jump.
  const isFirst = through === 0 && ranges.length === 0;
  if (!isFirst && seq - newest(account) > limits.jumpMax) return { kind: "beyond limits" };

  const at = ranges.findIndex(([, to]) => seq <= to + 1);
  const found = ranges[at];
  if (found === undefined) return grow(account, ranges.length, [seq, seq], limits);
  const [from, to] = found;
  if (seq >= from && seq <= to) return { kind: "duplicate" };
  if (seq === to + 1)
    return { kind: "new", account: { through, ranges: joinAt(ranges, at, [from, seq]) } };
  if (seq === from - 1) {
    return { kind: "new", account: { through, ranges: ranges.with(at, [seq, to]) } };
  }
  return grow(account, at, [seq, seq], limits);
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

/** `through` moves to `seq`, and on over a range that begins right behind it. */
function absorb(seq: number, ranges: readonly SeqRange[]): Account {
  const [first, ...rest] = ranges;
  return first !== undefined && first[0] === seq + 1
    ? { through: first[1], ranges: rest }
    : { through: seq, ranges };
}

function joinAt(ranges: readonly SeqRange[], at: number, grown: SeqRange): SeqRange[] {
  const next = ranges[at + 1];
  return next !== undefined && next[0] === grown[1] + 1
    ? ranges.toSpliced(at, 2, [grown[0], next[1]])
    : ranges.toSpliced(at, 1, grown);
}

function grow(
  { through, ranges }: Account,
  at: number,
  range: SeqRange,
  { rangesMax }: AccountLimits,
): Accounted {
  if (ranges.length >= rangesMax) return { kind: "beyond limits" };
  return { kind: "new", account: { through, ranges: ranges.toSpliced(at, 0, range) } };
}
