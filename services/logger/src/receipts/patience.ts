/** Decides which receipts wait for more messages. */
export interface Patience {
  /** Notes messages that were committed. */
  committed(messages: number): void;
  /** Whether so many receipts are to go out now; asked once in each interval. */
  isOver(receipts: number): boolean;
}

/** What comes as seldom as this gets its receipt at once: somebody may wait for it. */
const MESSAGES_FEW = 20;
/** So many are worth a receipt of their own: it costs as much as a dozen of them. */
const MESSAGES_ENOUGH = 500;
/** The rest waits so many intervals at most: a second. */
const INTERVALS_MAX = 5;

/** A receipt is cumulative: where messages keep coming, one can stand for those of many intervals. */
export function createPatience(): Patience {
  let messages = 0;
  let waited = 0;
  return {
    committed: (more) => {
      messages += more;
    },
    isOver: (receipts) => {
      if (receipts === 0) return false;
      waited += 1;
      const each = messages / receipts;
      const waits = each >= MESSAGES_FEW && each < MESSAGES_ENOUGH && waited < INTERVALS_MAX;
      if (waits) return false;
      messages = 0;
      waited = 0;
      return true;
    },
  };
}
