import { backoffMs, isRefusal } from "@weir/mqtt";
import type { Receipt } from "@weir/protocol";
import { type Clock, watchSteadiness } from "@weir/runtime";
import type { LockRetries } from "./lock-retries.ts";
import type { ConfirmedMessage, MessageKey, OutboxLimits, Queue, QueuedMessage } from "./queue.ts";

/** How the stay of an accepted message in the outbox ended. */
export type MessageOutcome = MessageKey &
  ({ kind: "delivered" } | { kind: "abandoned"; reason: string });

interface SenderOptions {
  queue: Queue;
  limits: OutboxLimits;
  /** What confirms a message: the receipt of the logger that stored it, or the broker's PUBACK. */
  confirm: "receipt" | "puback";
  publish: (topic: string, payload: Buffer) => Promise<void>;
  /** Called for each message that leaves the outbox. */
  onOutcome: (outcome: MessageOutcome) => void;
  /** Called when the outbox's file fails. */
  onFault: (fault: unknown) => void;
  /** Runs everything that writes to the queue. */
  retries: LockRetries;
  clock: Clock;
}

/** A message of the window: sent on this connection, and not confirmed yet. */
interface Sent {
  message: QueuedMessage;
  sentAtMs: number;
  isAcknowledged: boolean;
}

const ROWS_PER_READ = 200;
/** A message that was sent so long before one that is confirmed was lost after its PUBACK. */
const OVERTAKEN_MS = 2_000;
/** While nothing is confirmed, only the oldest message is sent again, at growing intervals. */
const PROBE_BACKOFF = { baseMs: 5_000, capMs: 60_000 };
const TICK_MS = 1_000;

/** Sends the messages of a queue in order, and removes those that are confirmed. */
export class Sender implements Disposable {
  readonly #options: SenderOptions;
  readonly #steadiness: ReturnType<typeof watchSteadiness>;
  readonly #timer: Disposable;
  readonly #window = new Map<number, Sent>();
  #isConnected = false;
  /** Counts connections: the answer to a publication on an earlier one says nothing about this one. */
  #connection = 0;
  #loadedThroughId = 0;
  #sentThroughId = 0;
  #probes = 0;
  #progressAtMs: number;
  /** By how much the clock has jumped since the queue was last adjusted. */
  #jumpedMs = 0;

  constructor(options: SenderOptions) {
    const { clock, retries } = options;
    this.#options = options;
    this.#steadiness = watchSteadiness(clock);
    this.#progressAtMs = clock.monotonic();
    this.#timer = clock.repeat(TICK_MS, () => {
      if (retries.isWaiting) return;
      retries.run(() => {
        this.#expire();
        this.#probe();
      });
    });
  }

  connected(): void {
    this.#isConnected = true;
    this.#probes = 0;
    this.#progressAtMs = this.#options.clock.monotonic();
    this.wake();
  }

  /** Everything that is not confirmed is sent again on the next connection. */
  disconnected(): void {
    this.#isConnected = false;
    this.#connection += 1;
    this.#window.clear();
    this.#loadedThroughId = 0;
  }

  /** Sends what has been accepted since. */
  wake(): void {
    this.#options.retries.run(() => this.#pump());
  }

  /** Adjusts the ages of messages after a jump of the clock. To be called before a message gets its time. */
  adjustAges(): void {
    this.#options.retries.run(() => this.#adjustAges());
  }

  receive({ entries }: Receipt): void {
    const { queue, clock, retries } = this.#options;
    retries.run(() => {
      // A logger that is back gets what it missed soon, not after a minute. A receipt right after a
      // probe answers the probe and shows nothing new.
      if (clock.monotonic() - this.#progressAtMs > OVERTAKEN_MS) this.#probes = 0;
      this.#settle(queue.confirm(entries, this.#sentThroughId));
    });
  }

  [Symbol.dispose](): void {
    this.#isConnected = false;
    this.#connection += 1;
    this.#timer[Symbol.dispose]();
  }

  /** Fills the window from the queue. */
  #pump(): void {
    const { queue, limits } = this.#options;
    this.#adjustAges();
    while (this.#isConnected && this.#window.size < limits.windowMax) {
      const countMax = Math.min(ROWS_PER_READ, limits.windowMax - this.#window.size);
      const messages = queue.after(this.#loadedThroughId, countMax);
      for (const message of messages) {
        if (!this.#abandonIfTooOld(message)) {
          this.#send({ message, sentAtMs: 0, isAcknowledged: false });
        }
        this.#loadedThroughId = message.id;
      }
      if (messages.length < countMax) return;
    }
  }

  #send(sent: Sent): void {
    const { publish, retries, clock, onFault } = this.#options;
    const { message } = sent;
    const connection = this.#connection;
    sent.sentAtMs = clock.monotonic();
    sent.isAcknowledged = false;
    this.#window.set(message.id, sent);
    this.#sentThroughId = Math.max(this.#sentThroughId, message.id);
    publish(message.topic, message.payload)
      .then(
        () => void retries.run(() => this.#acknowledged(sent)),
        (error: unknown) => {
          // Without a refusal the connection is gone: the next one sends everything again.
          if (connection === this.#connection && isRefusal(error)) {
            retries.run(() => this.#refused(message));
          }
        },
      )
      .catch(onFault);
  }

  #acknowledged(sent: Sent): void {
    sent.isAcknowledged = true;
    if (this.#options.confirm === "receipt") return;
    this.#options.queue.remove(sent.message.id);
    this.#settle([sent.message]);
  }

  /** The broker refuses the message for now. It is sent again later and does not block the others. */
  #refused(message: QueuedMessage): void {
    const { queue, limits, clock } = this.#options;
    queue.countRefusal(message.id);
    message.refusals += 1;
    if (message.refusals >= limits.refusalsMax) {
      this.#abandon(message, `the broker refused it ${message.refusals} times`);
      this.#pump();
      return;
    }
    const connection = this.#connection;
    clock.schedule(backoffMs(PROBE_BACKOFF, message.refusals, Math.random()), () => {
      const sent = this.#window.get(message.id);
      if (sent !== undefined && connection === this.#connection) this.#send(sent);
    });
  }

  /** Reports confirmed messages, which a receipt may name before this connection has sent them again. */
  #settle(confirmed: readonly ConfirmedMessage[]): void {
    if (confirmed.length === 0) return;
    this.#progressAtMs = this.#options.clock.monotonic();
    this.#probes = 0;
    let newestSentMs = 0;
    for (const { id, topic, epoch, seq } of confirmed) {
      newestSentMs = Math.max(newestSentMs, this.#window.get(id)?.sentAtMs ?? 0);
      this.#window.delete(id);
      this.#options.onOutcome({ topic, epoch, seq, kind: "delivered" });
    }
    for (const sent of this.#window.values()) {
      if (sent.isAcknowledged && sent.sentAtMs < newestSentMs - OVERTAKEN_MS) this.#send(sent);
    }
    this.#pump();
  }

  /** Sends the oldest message again while nothing is confirmed: its receipt may have been lost. */
  #probe(): void {
    const [oldest] = this.#window.values();
    if (!this.#isConnected || oldest === undefined || !oldest.isAcknowledged) return;
    const nowMs = this.#options.clock.monotonic();
    const pauseMs = Math.min(PROBE_BACKOFF.baseMs * 2 ** this.#probes, PROBE_BACKOFF.capMs);
    if (nowMs - this.#progressAtMs < pauseMs) return;
    this.#probes += 1;
    this.#progressAtMs = nowMs;
    this.#send(oldest);
  }

  /** Without a connection, messages reach their maximum age in the queue. */
  #expire(): void {
    this.#adjustAges();
    if (this.#isConnected) return;
    for (const message of this.#options.queue.after(0, ROWS_PER_READ)) {
      if (!this.#abandonIfTooOld(message)) return;
    }
  }

  #adjustAges(): void {
    this.#jumpedMs += this.#steadiness.takeJumpMs();
    if (this.#jumpedMs === 0) return;
    this.#options.queue.shiftAges(this.#jumpedMs);
    this.#jumpedMs = 0;
  }

  #abandonIfTooOld(message: QueuedMessage): boolean {
    const { clock, limits } = this.#options;
    const isTooOld = clock.now() - message.acceptedMs > limits.ageMaxMs;
    if (isTooOld) this.#abandon(message, "it waited too long");
    return isTooOld;
  }

  #abandon(message: QueuedMessage, reason: string): void {
    const { queue, clock, onOutcome } = this.#options;
    const { id, topic, epoch, seq } = message;
    queue.abandon(message, reason, clock.now());
    this.#window.delete(id);
    onOutcome({ topic, epoch, seq, kind: "abandoned", reason });
  }
}
