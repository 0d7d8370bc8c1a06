/** How messages of one kind are delivered. */
export type KindSettings =
  /** A reading that the next one replaces. */
  | { class: "telemetry" }
  /** Something that is of no use later: after `ttlMs` (default 15 s) it is dropped. */
  | { class: "event"; ttlMs?: number }
  /** What must arrive whatever happens. */
  | { class: "alarm" };

/** How long an event is of use when its kind does not say, in milliseconds. */
export const EVENT_TTL_MS = 15_000;

/** The longest ttl in milliseconds, a day; what must arrive later than that is an alarm. */
const TTL_MS_MAX = 24 * 60 * 60 * 1_000;

/** Says what is wrong with the settings of a kind; `null` when they are sound. */
export function kindProblem(settings: KindSettings): string | null {
  if (settings.class !== "event") return null;
  const { ttlMs = EVENT_TTL_MS } = settings;
  const isSound = Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX;
  return isSound
    ? null
    : `its ttlMs is ${ttlMs}; it must be a whole number from 1 to ${TTL_MS_MAX}`;
}

/** What became of a message, for the application that sent it. */
export type Outcome =
  /** Telemetry: it has left. Nobody says whether it arrived. */
  | { kind: "sent" }
  /** An event: the broker has it. An alarm: whoever stores it has it. */
  | { kind: "delivered" }
  /** An event outlived its ttl. The reason says whether it had left by then. */
  | { kind: "expired"; reason: string }
  /** It hit a limit, a newer one took its place, or the delivery stopped. */
  | { kind: "dropped"; reason: string }
  /** Not taken in, or not by the broker; sending it again the same way would not help. */
  | { kind: "refused"; reason: string }
  /** An alarm that the outbox gave up: too old, or refused again and again. */
  | { kind: "abandoned"; reason: string }
  /** An alarm at the stop of the delivery: it is on disk, and the next run sends it. */
  | { kind: "kept"; reason: string };

/** What a message that still waits at the stop of the delivery is told. */
export const STOPPED = "the delivery was stopped before";

/** The field of an event's payload that says until when it may be acted on. */
export interface Expiring {
  /** Epoch seconds, with a fraction. */
  expiresAt: number;
}

/**
 * Whether a received payload says that it is too late to act on it. One that says nothing never is.
 *
 * @param nowMs the wall time in milliseconds
 */
export function isExpired(payload: object, nowMs: number): boolean {
  const { expiresAt } = payload as Partial<Record<keyof Expiring, unknown>>;
  return typeof expiresAt === "number" && expiresAt * 1_000 <= nowMs;
}

/** The payload with its expiry in it: MQTT 3.1.1 has no other place, and a stalled connection heeds no other. */
export function expiring(payload: object, expiresAtMs: number): object & Expiring {
  return { ...payload, expiresAt: expiresAtMs / 1_000 };
}

/** What remains as MQTT 5 counts it [MQTT-3.3.2.3.3]: whole seconds, at least one, for 0 is "never" to some brokers. */
export function expirySeconds(remainingMs: number): number {
  return Math.max(1, Math.ceil(remainingMs / 1_000));
}
