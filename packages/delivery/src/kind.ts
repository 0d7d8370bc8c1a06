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
