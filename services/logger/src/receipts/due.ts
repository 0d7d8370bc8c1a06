/** Publishers that are to get a receipt, and when. */
export interface DueReceipts {
  /**
   * So many messages of a publisher were committed, or had been before.
   *
   * @param isNewcomer its name may be invented: then it waits for all others, and not without end.
   */
  add(publisher: string, messages: number, isNewcomer?: boolean): void;
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
/** Beyond that the newcomer that has waited longest is left out. It asks again. */
const NEWCOMERS_MAX = 2_000;

/** What a receipt is due for, and in how many intervals it was asked for. */
interface Due {
  messages: number;
  intervals: number;
}

/** A receipt is cumulative: where messages keep coming, one can stand for those of many intervals. */
export function createDueReceipts(): DueReceipts {
  const known = new Map<string, Due>();
  const newcomers = new Map<string, Due>();

  function takeFrom(due: Map<string, Due>, taken: string[]): void {
    for (const [publisher, one] of due) {
      one.intervals += 1;
      if (taken.length === RECEIPTS_PER_INTERVAL || waits(one)) continue;
      due.delete(publisher);
      taken.push(publisher);
    }
  }

  return {
    add: (publisher, messages, isNewcomer = false) => {
      const due = isNewcomer ? newcomers : known;
      const one = due.get(publisher);
      if (one !== undefined) {
        one.messages += messages;
        return;
      }
      if (due === newcomers && due.size === NEWCOMERS_MAX) {
        for (const longest of due.keys()) {
          due.delete(longest);
          break;
        }
      }
      due.set(publisher, { messages, intervals: 0 });
    },
    take: () => {
      const taken: string[] = [];
      takeFrom(known, taken);
      takeFrom(newcomers, taken);
      return taken;
    },
  };
}

function waits({ messages, intervals }: Due): boolean {
  return messages >= MESSAGES_FEW && messages < MESSAGES_ENOUGH && intervals < INTERVALS_MAX;
}
