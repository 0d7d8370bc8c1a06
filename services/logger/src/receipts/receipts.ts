import type { Clock } from "@weir/clock";
import type { Receipt } from "@weir/messages";
import type { Link } from "@weir/mqtt";
import type { Logger } from "@weir/service";
import type { Stream } from "../stream/stream.ts";
import { combineEntries } from "./combine.ts";
import { createDueReceipts } from "./due.ts";

/** Tells publishers with an outbox what of theirs is committed. */
export interface Receipts extends Disposable {
  /** So many messages of these publishers were committed, or had been before. */
  note(publishers: ReadonlyMap<string, number>): void;
  /** There is a broker again; one that lost its retained messages gets the newest receipts anew. */
  connected(): void;
}

export interface ReceiptsOptions {
  /** The streams of one broker, as they are at the moment. */
  streams: () => readonly Stream[];
  /** Whether a stream takes a topic. */
  takes: (stream: Stream, topic: string) => boolean;
  /** The way to the broker; `null` while there is none. */
  link: () => Pick<Link, "publish"> | null;
  clock: Clock;
  logger: Logger;
  onPublished: () => void;
  onFault: (fault: unknown) => void;
}

const INTERVAL_MS = 200;
const PUBLISHERS_AFTER_CONNECT = 1_000;

/** A receipt is cumulative, so one of a publisher at a time is enough, and may get lost. */
export function startReceipts(options: ReceiptsOptions): Receipts {
  const { streams, takes, link, clock, logger, onPublished, onFault } = options;
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
      await link()?.publish(topic, JSON.stringify(receipt), { qos: 1, retain });
      onPublished();
    } catch (error) {
      // The link says why. `connected`, or the publisher that asks again, makes it due again.
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
