import { backoffMs, isRefusal } from "@weir/mqtt";
import type { Receipt } from "@weir/protocol";
import { type Clock, watchSteadiness } from "@weir/runtime";
import type { LockRetries } from "./lock-retries.ts";
import type { OutboxLimits } from "./outbox-schema.ts";
import type { ConfirmedMessage, MessageKey, Queue, QueuedMessage } from "./queue.ts";

/** What became of an accepted message in the end. */
export type MessageOutcome = MessageKey &
  ({ kind: "delivered" } | { kind: "abandoned"; reason: string });

export interface SenderOptions {
  queue: Queue;
  limits: OutboxLimits;
  /** What ends a message's stay: the receipt of who stored it, or the broker's PUBACK. */
  confirm: "receipt" | "puback";
  publish: (topic: string, payload: Buffer) => Promise<void>;
  /** Called for each message that leaves the outbox. */
  onOutcome: (outcome: MessageOutcome) => void;
  /** Called when the outbox's file fails. */
  onFault: (fault: unknown) => void;
  /** What runs what writes to the queue. */
  retries: LockRetries;
  clock: Clock;
  random?: () => number;
}

/** Sends what is in a queue, in order, and takes out what is confirmed. */
export interface Sender extends Disposable {
  /** Dates what waits anew if the clock was set. To be called before anything is dated or judged by it. */
  heedClock(): void;
  /** There may be something new to send. */
  wake(): void;
  connected(): void;
  disconnected(): void;
  receive(receipt: Receipt): void;
}

interface Sent {
  message: QueuedMessage;
  sentAtMs: number;
  isAcknowledged: boolean;
}

const ROWS_PER_READ = 200;
// A message that was sent so long before one that is confirmed has been lost on its way.
const OVERTAKEN_MS = 2_000;
// While nothing is confirmed the oldest message alone is sent again, ever more rarely.
const PROBE_BACKOFF = { baseMs: 5_000, capMs: 60_000 };
const TICK_MS = 1_000;
const TOO_OLD = "it waited too long";

export function createSender(options: SenderOptions): Sender {
  const { queue, limits, confirm, publish, onOutcome, onFault, retries, clock } = options;
  const random = options.random ?? Math.random;
  const steadiness = watchSteadiness(clock);
  const window = new Map<number, Sent>();
  let isConnected = false;
  let loadedThroughId = 0;
  let sentThroughId = 0;
  let probes = 0;
  let progressAtMs = clock.monotonic();
  // What was sent on a connection that is gone says nothing about this one.
  let connection = 0;
  // By how much the clock has jumped, until the queue knows.
  let jumpedMs = 0;

  /** A clock that is set ages no message: neither what waits, nor what is accepted right after. */
  function heedClock(): void {
    jumpedMs += steadiness.takeJumpMs();
    if (jumpedMs === 0) return;
    queue.shiftAges(jumpedMs);
    jumpedMs = 0;
  }

  function pump(): void {
    heedClock();
    while (isConnected && window.size < limits.windowMax) {
      const room = Math.min(ROWS_PER_READ, limits.windowMax - window.size);
      const messages = queue.after(loadedThroughId, room);
      for (const message of messages) {
        if (isTooOld(message)) giveUp(message, TOO_OLD);
        else send({ message, sentAtMs: 0, isAcknowledged: false });
        loadedThroughId = message.id;
      }
      if (messages.length < room) return;
    }
  }

  function isTooOld({ acceptedMs }: QueuedMessage): boolean {
    return clock.now() - acceptedMs > limits.ageMaxMs;
  }

  function send(sent: Sent): void {
    const { message } = sent;
    const on = connection;
    sent.sentAtMs = clock.monotonic();
    sent.isAcknowledged = false;
    window.set(message.id, sent);
    sentThroughId = Math.max(sentThroughId, message.id);
    publish(message.topic, message.payload)
      .then(
        () => void retries.run(() => acknowledged(sent)),
        (error: unknown) => {
          if (on === connection && isRefusal(error)) retries.run(() => refused(sent));
          // Else the connection is gone: everything is sent again on the next one.
        },
      )
      .catch(onFault);
  }

  function acknowledged(sent: Sent): void {
    sent.isAcknowledged = true;
    if (confirm === "receipt") return;
    queue.remove(sent.message.id);
    settle([sent.message]);
  }

  /** The broker takes this message not now; it must not block the others. */
  function refused({ message }: Sent): void {
    queue.countRefusal(message.id);
    message.refusals += 1;
    if (message.refusals >= limits.refusalsMax) {
      giveUp(message, `the broker refused it ${message.refusals} times`);
      pump();
      return;
    }
    const delayMs = backoffMs(PROBE_BACKOFF, message.refusals, random());
    const on = connection;
    clock.schedule(delayMs, () => {
      const sent = window.get(message.id);
      if (sent !== undefined && on === connection) send(sent);
    });
  }

  function giveUp(message: QueuedMessage, reason: string): void {
    queue.abandon(message, reason, clock.now());
    window.delete(message.id);
    onOutcome({ ...keyOf(message), kind: "abandoned", reason });
  }

  /** Takes confirmed messages out of the window, and tells their outcome, whether they were in it or not. */
  function settle(confirmed: readonly ConfirmedMessage[]): void {
    if (confirmed.length === 0) return;
    progressAtMs = clock.monotonic();
    probes = 0;
    let newestSentMs = 0;
    for (const message of confirmed) {
      // A receipt that comes before the resending on a new connection finds an empty window.
      newestSentMs = Math.max(newestSentMs, window.get(message.id)?.sentAtMs ?? 0);
      window.delete(message.id);
      onOutcome({ ...keyOf(message), kind: "delivered" });
    }
    for (const sent of window.values()) {
      if (sent.isAcknowledged && sent.sentAtMs < newestSentMs - OVERTAKEN_MS) send(sent);
    }
    pump();
  }

  /** What waits without a connection ages, too. */
  function age(): void {
    heedClock();
    if (isConnected) return;
    for (const message of queue.after(0, ROWS_PER_READ)) {
      if (!isTooOld(message)) return;
      giveUp(message, TOO_OLD);
    }
  }

  function probe(): void {
    const oldest = window.values().next().value;
    if (!isConnected || oldest === undefined || !oldest.isAcknowledged) return;
    const silentMs = clock.monotonic() - progressAtMs;
    if (silentMs < Math.min(PROBE_BACKOFF.baseMs * 2 ** probes, PROBE_BACKOFF.capMs)) return;
    probes += 1;
    progressAtMs = clock.monotonic();
    send(oldest);
  }

  const timer = clock.repeat(TICK_MS, () => {
    if (retries.isWaiting()) return;
    retries.run(() => {
      age();
      probe();
    });
  });
  return {
    heedClock: () => void retries.run(heedClock),
    wake: () => void retries.run(pump),
    connected: () => {
      isConnected = true;
      probes = 0;
      progressAtMs = clock.monotonic();
      retries.run(pump);
    },
    disconnected: () => {
      isConnected = false;
      connection += 1;
      window.clear();
      loadedThroughId = 0;
    },
    receive: ({ entries }) =>
      void retries.run(() => {
        // Whoever confirms is back: what it has missed is sent soon, not after a minute. A receipt
        // right behind a probe is the answer to it, and says nothing new.
        if (clock.monotonic() - progressAtMs > OVERTAKEN_MS) probes = 0;
        settle(queue.confirm(entries, sentThroughId));
      }),
    [Symbol.dispose]: () => {
      isConnected = false;
      connection += 1;
      timer[Symbol.dispose]();
    },
  };
}

function keyOf({ topic, epoch, seq }: MessageKey): MessageKey {
  return { topic, epoch, seq };
}
