/** Publishers that are to get a receipt, and when. */
export interface DueReceipts {
  /** So many messages of a publisher were committed, or had been before. */
  add(publisher: string, messages: number): void;
  /** Whose receipts go out now; asked once in each interval. Who has waited longest comes first. */
  take(): string[];
}

/** What comes as seldom as this gets its receipt at once: somebody may wait for it. */
const MESSAGES_FEW = 20;
/** So many are worth a receipt of their own: it costs as much as a dozen of them. */
const MESSAGES_ENOUGH = 500;
/** The rest waits so many intervals at most: a second. */
const INTERVALS_MAX = 5;
/** More would keep the broker busy. */
const RECEIPTS_PER_INTERVAL = 200;

/** What a receipt is due for, and in how many intervals it was asked for. */
interface Due {
  messages: number;
  intervals: number;
}

/** A receipt is cumulative: where messages keep coming, one can stand for those of many intervals. */
export function createDueReceipts(): DueReceipts {
  const due = new Map<string, Due>();
  return {
    add: (publisher, messages) => {
      const known = due.get(publisher);
      if (known === undefined) due.set(publisher, { messages, intervals: 0 });
      else known.messages += messages;
    },
    take: () => {
      const taken: string[] = [];
      for (const [publisher, one] of due) {
        one.intervals += 1;
        if (taken.length === RECEIPTS_PER_INTERVAL || waits(one)) continue;
        due.delete(publisher);
        taken.push(publisher);
      }
      return taken;
    },
  };
}

function waits({ messages, intervals }: Due): boolean {
  return messages >= MESSAGES_FEW && messages < MESSAGES_ENOUGH && intervals < INTERVALS_MAX;
}
