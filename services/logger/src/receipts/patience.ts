/** Decides which receipts wait for more messages. */
export interface Patience {
  /** Notes messages that were committed. */
  committed(messages: number): void;
  /**
   * Whose receipts go out now; asked once in each interval.
   *
   * @param due for how many messages, by publisher; who is due for longest comes first.
   */
  goingOut(due: ReadonlyMap<string, number>): string[];
}

/** What comes as seldom as this gets its receipt at once: somebody may wait for it. */
const MESSAGES_FEW = 20;
/** So many are worth a receipt of their own: it costs as much as a dozen of them. */
const MESSAGES_ENOUGH = 500;
/** Who has so many is not kept waiting for the others: an outbox sends no more than 2,000 without a receipt. */
const MESSAGES_FULL = 1_000;
/** The rest waits so many intervals at most: a second. */
const INTERVALS_MAX = 5;

/** More would keep the broker busy. */
const RECEIPTS_PER_INTERVAL = 200;

/** A receipt is cumulative: where messages keep coming, one can stand for those of many intervals. */
export function createPatience(): Patience {
  let messages = 0;
  let waited = 0;
  /** Those that have waited, and are too many for one interval. */
  let overdue = 0;

  function waits(receipts: number): boolean {
    const each = messages / receipts;
    return each >= MESSAGES_FEW && each < MESSAGES_ENOUGH && waited < INTERVALS_MAX;
  }

  /** How many of those that are due go out because it is their turn. */
  function turnOf(receipts: number): number {
    waited = receipts === 0 ? 0 : waited + 1;
    if (overdue === 0 && (receipts === 0 || !waits(receipts))) {
      // What comes without a receipt that is due is no reason to wait later.
      messages = 0;
      waited = 0;
      overdue = receipts;
    }
    const now = Math.min(overdue, receipts, RECEIPTS_PER_INTERVAL);
    overdue = Math.min(overdue, receipts) - now;
    return now;
  }

  return {
    committed: (more) => {
      messages += more;
    },
    goingOut: (due) => {
      const turn = turnOf(due.size);
      return [...due]
        .filter(([, count], index) => index < turn || count >= MESSAGES_FULL)
        .slice(0, RECEIPTS_PER_INTERVAL)
        .map(([publisher]) => publisher);
    },
  };
}
