import { type Connection, type ConnectionOptions, openConnection } from "./connection.ts";
import { codeOf, HUNG_UP } from "./outage.ts";

// "Not this version" in CONNACK, of MQTT 3.1.1 and of MQTT 5 [MQTT-3.1.2-2]; other brokers hang up.
const VERSION_REFUSED: ReadonlySet<unknown> = new Set([1, 0x84, HUNG_UP, "EPIPE"]);

/** MQTT 5 first, 3.1.1 at once when the broker refuses that; asked anew each time, for brokers get updated. */
export async function negotiateConnection(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Connection> {
  try {
    return await openConnection(options, 5, signal);
  } catch (error) {
    if (!VERSION_REFUSED.has(codeOf(error))) throw error;
    return await openConnection(options, 4, signal);
  }
}
