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
