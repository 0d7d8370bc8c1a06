import { isRefusal, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, errorMessage } from "@weir/runtime";
import { type Outcome, STOPPED } from "./message-class.ts";

interface WaitingEvent {
  topic: string;
  payload: string;
  /** On the monotonic clock. */
  dueMs: number;
  isUnderWay: boolean;
  wasSent: boolean;
  settle: (outcome: Outcome) => void;
}

/** Events without an outcome at most. One more is dropped at once, so that the user can see it. */
const EVENTS_MAX = 100;

/** Sends events with QoS 1 until they expire. An event may arrive twice, but not late. */
export class EventLane implements Disposable {
  readonly #publish: ReconnectingClient["publish"];
  readonly #onWaiting: (forMs: number) => void;
  readonly #clock: Clock;
  /** In the order of sending. */
  readonly #waiting = new Set<WaitingEvent>();
  #isConnected = false;
  #isStopped = false;

  /** @param onWaiting called when an event begins to wait for a connection, with the rest of its ttl. */
  constructor({
    publish,
    onWaiting,
    clock,
  }: {
    publish: ReconnectingClient["publish"];
    onWaiting: (forMs: number) => void;
    clock: Clock;
  }) {
    this.#publish = publish;
    this.#onWaiting = onWaiting;
    this.#clock = clock;
  }

  async send(topic: string, payload: object, ttlMs: number): Promise<Outcome> {
    if (this.#isStopped) return { kind: "dropped", reason: STOPPED };
    if (this.#waiting.size >= EVENTS_MAX) {
      return { kind: "dropped", reason: `${EVENTS_MAX} events wait already` };
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const event: WaitingEvent = {
      topic,
      payload: JSON.stringify(expiring(payload, this.#clock.now() + ttlMs)),
      dueMs: this.#clock.monotonic() + ttlMs,
      isUnderWay: false,
      wasSent: false,
      settle: resolve,
    };
    using _timer = this.#clock.schedule(ttlMs, () => resolve(expired(event, ttlMs)));
    this.#waiting.add(event);
    if (this.#isConnected) this.#transmit(event);
    else this.#onWaiting(ttlMs);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(event);
    }
  }

  connected(): void {
    this.#isConnected = true;
    for (const event of this.#waiting) this.#transmit(event);
  }

  disconnected(): void {
    this.#isConnected = false;
    for (const { dueMs } of this.#waiting) this.#onWaiting(dueMs - this.#clock.monotonic());
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    for (const { settle } of this.#waiting) settle({ kind: "dropped", reason: STOPPED });
  }

  #transmit(event: WaitingEvent): void {
    const remainingMs = event.dueMs - this.#clock.monotonic();
    if (event.isUnderWay || remainingMs <= 0) return;
    event.isUnderWay = true;
    event.wasSent = true;
    const options = { qos: 1, expirySeconds: expirySeconds(remainingMs) } as const;
    this.#publish(event.topic, event.payload, options).then(
      () => event.settle({ kind: "delivered" }),
      (error: unknown) => {
        event.isUnderWay = false;
        // Without a refusal the connection is gone, and the event waits for the next one.
        if (isRefusal(error)) event.settle({ kind: "refused", reason: errorMessage(error) });
      },
    );
  }
}

function expired({ wasSent }: WaitingEvent, ttlMs: number): Outcome {
  const reason = wasSent
    ? `sent, but the broker has not acknowledged it within ${ttlMs} ms: whether it arrived is unknown`
    : `there was no connection within ${ttlMs} ms`;
  return { kind: "expired", reason };
}

/** The field of an event's payload after which it must not be acted on. */
interface Expiring {
  /** Epoch seconds, with a fraction. */
  expiresAt: number;
}

/** The payload with its expiry in it. MQTT 3.1.1 has no other place, and a stalled connection applies no other. */
export function expiring(payload: object, expiresAtMs: number): object & Expiring {
  return { ...payload, expiresAt: expiresAtMs / 1_000 };
}

/**
 * For a receiver: whether an event has expired. A payload without an expiry never does.
 *
 * @param nowMs the wall time in milliseconds
 */
export function isExpired(payload: object, nowMs: number): boolean {
  const { expiresAt } = payload as Partial<Record<keyof Expiring, unknown>>;
  return typeof expiresAt === "number" && expiresAt * 1_000 <= nowMs;
}

/** The rest of a ttl as MQTT 5 has it [MQTT-3.3.2.3.3]: whole seconds, at least 1, since some brokers read 0 as "never". */
export function expirySeconds(remainingMs: number): number {
  return Math.max(1, Math.ceil(remainingMs / 1_000));
}
