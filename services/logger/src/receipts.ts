import type { ReconnectingClient } from "@weir/mqtt";
import { ENTRIES_MAX, type Receipt, type ReceiptEntry } from "@weir/protocol";
import type { ServiceContext } from "@weir/runtime";
import type { LoggerCounts } from "./metrics.ts";
import type { Stream } from "./stream.ts";

/** A connection of the receipts' broker. */
interface ReceiptSource {
  readonly streams: readonly Stream[];
  readonly client: Pick<ReconnectingClient, "publish">;
  /** Whether a stream takes a topic. */
  takes(stream: Stream, topic: string): boolean;
}

interface ReceiptsOptions extends Pick<ServiceContext, "clock" | "logger" | "fail"> {
  counts: LoggerCounts;
}

const PUBLISHERS_AFTER_CONNECT = 1_000;
const SOON_MS = 100;

/**
 * Sends the publishers with an outbox, at one broker, what the streams have committed of their messages. A
 * receipt is cumulative: one at a time for each publisher is enough, and one may get lost.
 */
export class Receipts implements Disposable {
  /** The broker's connections; the first one publishes. */
  readonly sources = new Set<ReceiptSource>();
  readonly #due = new DueReceipts();
  readonly #options: ReceiptsOptions;
  #timer: Disposable | null = null;
  #timerMs: number | null = null;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Call it after each commit: receipts that are due soon go out behind its PUBACKs, because the process is awake.
   *
   * @param publishers how many of their messages were committed now, or had been before.
   */
  note(publishers: ReadonlyMap<string, number>): void {
    for (const [publisher, messages] of publishers) this.#add(publisher, messages);
    queueMicrotask(() => this.#send(SOON_MS));
  }

  /** Call it with each connection: a broker that lost its retained messages gets the newest receipts again. */
  connected(): void {
    for (const { store } of this.#streams()) {
      for (const publisher of store.recentPublishers(PUBLISHERS_AFTER_CONNECT)) {
        this.#add(publisher, 0);
      }
    }
    this.#send(0);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** Publishes what is due within `aheadMs`, and sets the timer for the rest: while nothing is due there is none. */
  #send(aheadMs: number): void {
    const { clock, fail } = this.#options;
    const nowMs = clock.monotonic();
    for (const publisher of this.#due.take(nowMs + aheadMs)) this.#publish(publisher).catch(fail);
    const dueMs = this.#due.nextMs();
    if (dueMs === this.#timerMs) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerMs = dueMs;
    this.#timer =
      dueMs === null
        ? null
        : clock.schedule(Math.max(0, dueMs - nowMs), () => {
            this.#timerMs = null;
            this.#send(0);
          });
  }

  #streams(): Stream[] {
    return [...this.sources].flatMap(({ streams }) => streams);
  }

  #add(publisher: string, messages: number): void {
    const isNewcomer = !this.#isEstablished(publisher);
    this.#due.add(publisher, messages, this.#options.clock.monotonic(), isNewcomer);
  }

  #isEstablished(publisher: string): boolean {
    return this.#streams().some(({ store }) => store.isEstablished(publisher));
  }

  async #publish(publisher: string): Promise<void> {
    const { clock, counts, logger } = this.#options;
    const sources = [...this.sources];
    const ledgers = this.#streams().map((stream) => ({
      entries: stream.store.receiptOf(publisher),
      takes: (topic: string) => sources.some((source) => source.takes(stream, topic)),
    }));
    // Another newcomer may have taken the publisher's place in the ledger meanwhile.
    if (ledgers.every(({ entries }) => entries.length === 0)) return;
    const at = Math.floor(clock.now() / 1_000);
    const receipt: Receipt = { at, entries: combineEntries(ledgers) };
    // The ledger keeps only names, so this is a topic and not a filter.
    const topic = `weir/receipt/${publisher}`;
    try {
      // A client that invents names must not fill the broker with retained receipts.
      const retain = this.#isEstablished(publisher);
      await sources[0]?.client.publish(topic, JSON.stringify(receipt), { qos: 1, retain });
      counts.receipts += 1;
    } catch (error) {
      // The client logs why. The next connection, or the publisher's next message, makes it due again.
      logger.debug({ err: error, publisher }, "receipt not published");
    }
  }
}

/** A receipt waits so long for further messages; and receipts go out together, so far apart. */
const INTERVAL_MS = 200;
/** Where messages keep coming, it waits for more of them. */
const BUSY_MS = 1_000;
/** Up to so many messages, a publisher may be waiting for it. */
const MESSAGES_FEW = 20;
/** So many are worth their own receipt: it costs as much as a dozen of them. */
const MESSAGES_ENOUGH = 500;
/** More would keep the broker busy. */
const RECEIPTS_AT_ONCE = 200;
/** Beyond that the newcomer that has waited longest is left out. It asks again. */
const NEWCOMERS_MAX = 2_000;

/** Since a publisher's last receipt: its messages, and when the first of them came. */
interface Due {
  messages: number;
  sinceMs: number;
}

/** The publishers whose receipts are due, and when. Times in milliseconds of a monotonic clock. */
export class DueReceipts {
  readonly #known = new Map<string, Due>();
  readonly #newcomers = new Map<string, Due>();
  #earliestMs = Number.NEGATIVE_INFINITY;

  /** @param isNewcomer its name may be invented: it goes behind all others, and only so many wait. */
  add(publisher: string, messages: number, nowMs: number, isNewcomer = false): void {
    const due = isNewcomer ? this.#newcomers : this.#known;
    const one = due.get(publisher);
    if (one !== undefined) {
      one.messages += messages;
      return;
    }
    if (isNewcomer && due.size === NEWCOMERS_MAX) {
      const [longest] = due.keys();
      due.delete(longest as string);
    }
    due.set(publisher, { messages, sinceMs: nowMs });
  }

  /** When to call `take` next; `null` while nothing is due. */
  nextMs(): number | null {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const due of [this.#known, this.#newcomers]) {
      for (const one of due.values()) nextMs = Math.min(nextMs, dueMsOf(one));
    }
    return nextMs === Number.POSITIVE_INFINITY ? null : Math.max(nextMs, this.#earliestMs);
  }

  /** The publishers whose receipts go out now, the longest wait first. */
  take(nowMs: number): string[] {
    const taken: string[] = [];
    if (nowMs < this.#earliestMs) return taken;
    for (const due of [this.#known, this.#newcomers]) {
      for (const [publisher, one] of due) {
        if (taken.length === RECEIPTS_AT_ONCE) break;
        if (dueMsOf(one) > nowMs) continue;
        due.delete(publisher);
        taken.push(publisher);
      }
    }
    if (taken.length > 0) this.#earliestMs = nowMs + INTERVAL_MS;
    return taken;
  }
}

function dueMsOf({ messages, sinceMs }: Due): number {
  const isBusy = messages >= MESSAGES_FEW && messages < MESSAGES_ENOUGH;
  return sinceMs + (isBusy ? BUSY_MS : INTERVAL_MS);
}

type Ranges = ReceiptEntry["ranges"];

/** What one stream's ledger has of a publisher. */
interface LedgerEntries {
  entries: readonly ReceiptEntry[];
  /** Whether the stream takes this topic: then a receipt holds only what it has, too. */
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
