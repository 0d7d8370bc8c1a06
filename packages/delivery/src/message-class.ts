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
export const STOPPED = "the delivery was stopped before";
