import { codeOf, HUNG_UP } from "../outage.ts";
import type { Will } from "../reconnecting-client.ts";
import type { Broker, Connection, ConnectionOptions, OpenConnection } from "./connection.ts";
import { openDirectConnection } from "./direct.ts";

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

/** Who speaks MQTT: MQTT.js, or the direct connection, which knows neither TLS nor websockets. */
export type Transport = "mqttjs" | "direct";

const PLAIN: ReadonlySet<string> = new Set(["mqtt:", "tcp:"]);

const ENCRYPTED: ReadonlySet<string> = new Set(["mqtts:", "wss:"]);

/** MQTT.js takes 17 MB of memory, so it is loaded by those who need it. */
const openMqttJsConnection: OpenConnection = async (...connection) => {
  const mqttjs = await import("./mqttjs.ts");
  return await mqttjs.openMqttJsConnection(...connection);
};

/**
 * How to open connections; MQTT.js does what the direct connection cannot.
 *
 * @throws TypeError when there are certificates for a URL without TLS.
 */
export function openerFor(
  transport: Transport,
  { url, tls }: Pick<Broker, "url" | "tls">,
): OpenConnection {
  const { protocol } = new URL(url);
  if (tls !== undefined && !ENCRYPTED.has(protocol)) {
    throw new TypeError(`certificates are for mqtts:// and wss://, not for ${protocol}//`);
  }
  const isPlain = PLAIN.has(protocol);
  return transport === "direct" && isPlain ? openDirectConnection : openMqttJsConnection;
}
