import { isRefusal, type ReconnectingClient } from "@weir/mqtt";
import { type Clock, errorMessage } from "@weir/runtime";
import { type Outbox, type OutboxOptions, openOutbox } from "./outbox.ts";
import type { MessageKey } from "./queue.ts";
import type { MessageOutcome } from "./sender.ts";

/** The class of a kind of messages: what is promised for each. */
export type KindSettings =
  /** A reading that the next one replaces. */
  | { class: "telemetry" }
  /** Useful for a short time only: dropped after `ttlMs` (default 15 s). */
  | { class: "event"; ttlMs?: number }
  /** Must arrive whatever happens. */
  | { class: "alarm" };

/** The default ttl of an event, in milliseconds. */
export const EVENT_TTL_MS = 15_000;

/** The longest ttl in milliseconds: a day. What must arrive later than that is an alarm. */
const TTL_MS_MAX = 24 * 60 * 60 * 1_000;

/** What is wrong with the settings of a kind; `null` when they are valid. */
export function kindProblem(settings: KindSettings): string | null {
  if (settings.class !== "event") return null;
  const { ttlMs = EVENT_TTL_MS } = settings;
  const isValid = Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX;
  return isValid
    ? null
    : `its ttlMs is ${ttlMs}; it must be a whole number from 1 to ${TTL_MS_MAX}`;
}

/** What became of a message, for the application that sent it. */
export type Outcome =
  /** Telemetry: published. Whether it arrived is unknown. */
  | { kind: "sent" }
  /** An event: the broker has it. An alarm: the logger has stored it, or the broker has it. */
  | { kind: "delivered" }
  /** An event outlived its ttl. The reason says whether it had been published by then. */
  | { kind: "expired"; reason: string }
  /** It hit a limit, a newer one replaced it, or the delivery stopped. */
  | { kind: "dropped"; reason: string }
  /** Not accepted here or by the broker; sending it again unchanged would not help. */
  | { kind: "refused"; reason: string }
  /** An alarm that the outbox does not send any more: too old, or refused again and again. */
  | { kind: "abandoned"; reason: string }
  /** An alarm at the stop of the delivery: it is on disk, and the next run sends it. */
  | { kind: "kept"; reason: string };

/** The reason for messages that still wait when the delivery stops. */
const STOPPED = "the delivery was stopped before";

/** One kind on one topic: at most one reading under way, and the latest behind it. */
interface Place {
  key: string;
  topic: string;
  latest: { payload: string; settle: (outcome: Outcome) => void } | null;
  isUnderWay: boolean;
}

/** Kinds and topics that have a reading waiting or under way at most. One more is dropped. */
const PLACES_MAX = 1_000;

/** Sends readings with QoS 0. While it cannot, it keeps only the latest reading of each kind and topic. */
export class TelemetryLane implements Disposable {
  readonly #publish: ReconnectingClient["publish"];
  readonly #places = new Map<string, Place>();
  #isConnected = false;
  #isStopped = false;

  constructor(publish: ReconnectingClient["publish"]) {
    this.#publish = publish;
  }

  async send(kind: string, topic: string, payload: object): Promise<Outcome> {
    if (this.#isStopped) return { kind: "dropped", reason: STOPPED };
    const key = `${kind} ${topic}`;
    const place = this.#places.get(key) ?? { key, topic, latest: null, isUnderWay: false };
    if (this.#places.size >= PLACES_MAX && !this.#places.has(key)) {
      return { kind: "dropped", reason: `readings of ${PLACES_MAX} other topics wait` };
    }
    this.#places.set(key, place);
    place.latest?.settle({ kind: "dropped", reason: "replaced by a newer one" });
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    place.latest = { payload: JSON.stringify(payload), settle: resolve };
    this.#pump(place);
    return await promise;
  }

  connected(): void {
    this.#isConnected = true;
    for (const place of [...this.#places.values()]) this.#pump(place);
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#isConnected = false;
    for (const { latest } of this.#places.values()) {
      latest?.settle({ kind: "dropped", reason: STOPPED });
    }
    this.#places.clear();
  }

  #pump(place: Place): void {
    if (!this.#isConnected || place.isUnderWay || place.latest === null) return;
    const { payload, settle } = place.latest;
    place.latest = null;
    place.isUnderWay = true;
    void this.#publish(place.topic, payload, { qos: 0 })
      .then(
        () => settle({ kind: "sent" }),
        // The next reading replaces it.
        (error: unknown) => settle({ kind: "dropped", reason: errorMessage(error) }),
      )
      .then(() => {
        place.isUnderWay = false;
        if (place.latest === null) this.#places.delete(place.key);
        else this.#pump(place);
      });
  }
}

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
  constructor(
    publish: ReconnectingClient["publish"],
    onWaiting: (forMs: number) => void,
    clock: Clock,
  ) {
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

/**
 * The payload with its expiry in epoch seconds, after which it must not be acted on. MQTT 3.1.1 has no other
 * place for it, and a stalled connection applies no other.
 */
export function expiring(payload: object, expiresAtMs: number): { expiresAt: number } {
  return { ...payload, expiresAt: expiresAtMs / 1_000 };
}

/**
 * For a receiver: whether an event has expired. A payload without an expiry never does.
 *
 * @param nowMs the wall time in milliseconds
 */
export function isExpired(payload: object, nowMs: number): boolean {
  const { expiresAt } = payload as { expiresAt?: unknown };
  return typeof expiresAt === "number" && expiresAt * 1_000 <= nowMs;
}

/** The rest of a ttl as MQTT 5 has it [MQTT-3.3.2.3.3]: whole seconds, at least 1, since some brokers read 0 as "never". */
export function expirySeconds(remainingMs: number): number {
  return Math.max(1, Math.ceil(remainingMs / 1_000));
}

/** Alarms that wait at most, unless the application sets another limit. */
const ALARMS_MAX = 10_000;

/** For how long a new alarm makes the client reconnect more often, in milliseconds. Then it saves the battery again. */
export const ALARM_URGENCY_MS = 60_000;

/** Sends alarms through an outbox on disk. */
export class AlarmLane implements AsyncDisposable {
  readonly outbox: Outbox;
  readonly #onWaiting: (forMs: number) => void;
  /** Bounded by the rows of the outbox. */
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  #isConnected = false;
  #isStopped = false;

  /**
   * @param onWaiting called when an alarm begins to wait for a connection, for how long the connection is urgent.
   * @param onEarlierOutcome called for alarms of an earlier run of the process.
   */
  constructor(
    options: Omit<OutboxOptions, "onOutcome">,
    onWaiting: (forMs: number) => void,
    onEarlierOutcome: (outcome: MessageOutcome) => void,
  ) {
    this.#onWaiting = onWaiting;
    this.outbox = openOutbox({
      ...options,
      limits: { rowsMax: ALARMS_MAX, ...options.limits },
      onOutcome: (outcome) => {
        const settle = this.#waiting.get(nameOf(outcome));
        if (settle === undefined) return onEarlierOutcome(outcome);
        this.#waiting.delete(nameOf(outcome));
        if (outcome.kind === "delivered") settle({ kind: "delivered" });
        else settle({ kind: "abandoned", reason: outcome.reason });
      },
    });
  }

  async send(topic: string, payload: object): Promise<Outcome> {
    if (this.#isStopped) return { kind: "refused", reason: STOPPED };
    try {
      const acceptance = await this.outbox.accept(topic, payload);
      if (acceptance.kind === "refused") return acceptance;
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      this.#waiting.set(nameOf(acceptance), resolve);
      if (!this.#isConnected) this.#onWaiting(ALARM_URGENCY_MS);
      return await promise;
    } catch (fault) {
      // Only the application can do something about an alarm that is not on disk.
      return { kind: "refused", reason: `it could not be stored: ${errorMessage(fault)}` };
    }
  }

  connected(client: Parameters<Outbox["connected"]>[0]): void {
    this.#isConnected = true;
    this.outbox.connected(client);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.outbox.disconnected();
    if (this.outbox.size().rows > 0) this.#onWaiting(ALARM_URGENCY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    // Commits what was handed in so far; those alarms are kept as well.
    await this.outbox[Symbol.asyncDispose]();
    for (const settle of this.#waiting.values()) settle({ kind: "kept", reason: STOPPED });
    this.#waiting.clear();
  }
}

function nameOf({ epoch, topic, seq }: MessageKey): string {
  return `${epoch} ${seq} ${topic}`;
}
