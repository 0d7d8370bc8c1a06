import type { ReconnectingClient } from "@weir/mqtt";
import { ENTRIES_MAX, type Receipt, type ReceiptEntry } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import type { Stream } from "./stream/stream.ts";

/** Tells publishers with an outbox what of theirs is committed. */
export interface Receipts extends Disposable {
  /** So many messages of these publishers were committed, or had been before. */
  note(publishers: ReadonlyMap<string, number>): void;
  /** There is a broker again; one that lost its retained messages gets the newest receipts anew. */
  connected(): void;
}

interface ReceiptsOptions {
  /** The streams of one broker, as they are at the moment. */
  streams: () => readonly Stream[];
  /** Whether a stream takes a topic. */
  takes: (stream: Stream, topic: string) => boolean;
  /** The way to the broker; `null` while there is none. */
  client: () => Pick<ReconnectingClient, "publish"> | null;
  clock: Clock;
  logger: Logger;
  onPublished: () => void;
  onFault: (fault: unknown) => void;
}

const INTERVAL_MS = 200;
const PUBLISHERS_AFTER_CONNECT = 1_000;

/** A receipt is cumulative, so one of a publisher at a time is enough, and may get lost. */
export function startReceipts(options: ReceiptsOptions): Receipts {
  const { streams, takes, client, clock, logger, onPublished, onFault } = options;
  const due = createDueReceipts();

  async function publish(publisher: string): Promise<void> {
    const at = Math.floor(clock.now() / 1_000);
    const ledgers = streams().map((stream) => ({
      entries: stream.store.receiptOf(publisher),
      takes: (topic: string) => takes(stream, topic),
    }));
    // Somebody else may have taken a newcomer's place meanwhile.
    if (ledgers.every(({ entries }) => entries.length === 0)) return;
    const receipt: Receipt = { at, entries: combineEntries(ledgers) };
    // The ledger keeps sound names only, so this is a topic and not a filter.
    const topic = `weir/receipt/${publisher}`;
    try {
      // Whoever invents names must not fill the broker with retained receipts.
      const retain = isEstablished(publisher);
      await client()?.publish(topic, JSON.stringify(receipt), { qos: 1, retain });
      onPublished();
    } catch (error) {
      // The client says why. `connected`, or the publisher that asks again, makes it due again.
      logger.debug({ err: error, publisher }, "receipt not published");
    }
  }

  function isEstablished(publisher: string): boolean {
    return streams().some(({ store }) => store.isEstablished(publisher));
  }

  function note(publisher: string, messages: number): void {
    due.add(publisher, messages, !isEstablished(publisher));
  }

  const timer = clock.repeat(INTERVAL_MS, () => {
    for (const publisher of due.take()) publish(publisher).catch(onFault);
  });
  return {
    note: (publishers) => {
      for (const [publisher, messages] of publishers) note(publisher, messages);
    },
    connected: () => {
      for (const { store } of streams()) {
        for (const publisher of store.recentPublishers(PUBLISHERS_AFTER_CONNECT)) {
          note(publisher, 0);
        }
      }
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

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

type Ranges = ReceiptEntry["ranges"];

/** What one stream's ledger has of a publisher. */
interface LedgerEntries {
  entries: readonly ReceiptEntry[];
  /** Whether the stream takes this topic: then it must have a message before that is receipted. */
  takes: (topic: string) => boolean;
}

/**
 * The receipt over several streams: of each epoch and topic, the messages that every stream has which
 * takes that topic. A stream that has none of it yet holds the receipt back.
 */
export function combineEntries(ledgers: readonly LedgerEntries[]): ReceiptEntry[] {
  const [only] = ledgers;
  if (only !== undefined && ledgers.length === 1) {
    return only.entries.filter(({ topic }) => only.takes(topic));
  }
  const combined = new Map<string, ReceiptEntry>();
  for (const { entries } of ledgers) {
    for (const { epoch, topic } of entries) {
      const key = JSON.stringify([epoch, topic]);
      if (combined.has(key)) continue;
      const entry = intersectAll(epoch, topic, ledgers);
      if (entry !== null) combined.set(key, entry);
    }
  }
  return [...combined.values()].slice(0, ENTRIES_MAX);
}

function intersectAll(
  epoch: string,
  topic: string,
  ledgers: readonly LedgerEntries[],
): ReceiptEntry | null {
  const taking = ledgers.filter(({ takes }) => takes(topic));
  let common: ReceiptEntry | null = null;
  for (const { entries } of taking) {
    const entry = entries.find((one) => one.epoch === epoch && one.topic === topic);
    if (entry === undefined) return null;
    common = common === null ? entry : intersect(common, entry);
  }
  return common;
}

function intersect(a: ReceiptEntry, b: ReceiptEntry): ReceiptEntry {
  const through = Math.min(a.through, b.through);
  return { ...a, through, ranges: commonRanges(spans(a), spans(b), through) };
}

function spans({ through, ranges }: ReceiptEntry): Ranges {
  return through > 0 ? [[1, through], ...ranges] : ranges;
}

/** What is in both, beyond `through`. Both are ascending, and so is the result. */
function commonRanges(a: Ranges, b: Ranges, through: number): Ranges {
  const common: Ranges = [];
  let at = 0;
  let bt = 0;
  for (let x = a[at], y = b[bt]; x !== undefined && y !== undefined; x = a[at], y = b[bt]) {
    const from = Math.max(x[0], y[0], through + 1);
    const to = Math.min(x[1], y[1]);
    if (from <= to) common.push([from, to]);
    if (x[1] <= y[1]) at += 1;
    else bt += 1;
  }
  return common;
}
