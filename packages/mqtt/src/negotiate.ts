import type { Will } from "./availability.ts";
import type { Connection, ConnectionOptions, OpenConnection } from "./connection.ts";
import { codeOf, HUNG_UP } from "./outage.ts";

/** A connection in the version that both sides know. */
export interface Negotiated extends Connection {
  /** A CONNECT before this one had no answer: a session that is there may be new, and empty. */
  isSecondAttempt: boolean;
}

// "Not this version" in CONNACK, of MQTT 3.1.1 and of MQTT 5 [MQTT-3.1.2-2]; other brokers hang up.
const VERSION_REFUSED: ReadonlySet<unknown> = new Set([1, 0x84]);
const HUNG_UP_CODES: ReadonlySet<unknown> = new Set([HUNG_UP, "EPIPE"]);
const RETAIN_REFUSED = 0x9a;
const QOS_REFUSED = 0x9b;

/** MQTT 5 first, 3.1.1 at once when the broker refuses that; asked each time, for brokers get updated. */
export async function negotiateConnection(
  openConnection: OpenConnection,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Negotiated> {
  try {
    return { ...(await openConnection(options, 5, signal)), isSecondAttempt: false };
  } catch (error) {
    const will = weakerWill(options.will, codeOf(error));
    if (will !== null)
      return await negotiateConnection(openConnection, { ...options, will }, signal);
    const hasHungUp = HUNG_UP_CODES.has(codeOf(error));
    if (!hasHungUp && !VERSION_REFUSED.has(codeOf(error))) throw error;
    return { ...(await openConnection(options, 4, signal)), isSecondAttempt: hasHungUp };
  }
}

/** What is left of a will that the broker refused, if it refused the will [MQTT-3.2.2-12] [MQTT-3.2.2-13]. */
function weakerWill(will: Will | null, code: unknown): Will | null {
  if (will?.retain && code === RETAIN_REFUSED) return { ...will, retain: false };
  if (will?.qos === 1 && code === QOS_REFUSED) return { ...will, qos: 0 };
  return null;
}
