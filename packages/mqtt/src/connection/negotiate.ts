import { CLOSED_CODES, codeOf } from "../packets/errors.ts";
import type { Broker, Connection, ConnectionOptions, OpenConnection, Will } from "./connection.ts";
import { openDirectConnection } from "./direct.ts";

/** A connection with the protocol version that was agreed. */
export interface Negotiated extends Connection {
  /** An earlier CONNECT had no answer: a session that is present may be new and empty. */
  isSecondAttempt: boolean;
}

// "Not this version" in CONNACK, of MQTT 3.1.1 and of MQTT 5 [MQTT-3.1.2-2]; other brokers close the connection.
const VERSION_REFUSED: ReadonlySet<unknown> = new Set([1, 0x84]);
const RETAIN_REFUSED = 0x9a;
const QOS_REFUSED = 0x9b;

/** Tries MQTT 5, and MQTT 3.1.1 at once when the broker refuses that. Each connection tries again, for brokers get updated. */
export async function negotiateConnection(
  openConnection: OpenConnection,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Negotiated> {
  try {
    return { ...(await openConnection(options, 5, signal)), isSecondAttempt: false };
  } catch (error) {
    const code = codeOf(error);
    const will = weakerWill(options.will, code);
    if (will !== null) {
      return await negotiateConnection(openConnection, { ...options, will }, signal);
    }
    const hasHungUp = CLOSED_CODES.has(code);
    if (!hasHungUp && !VERSION_REFUSED.has(code)) throw error;
    return { ...(await openConnection(options, 4, signal)), isSecondAttempt: hasHungUp };
  }
}

/** The will without what the broker refused of it [MQTT-3.2.2-12] [MQTT-3.2.2-13]; `null` if it refused something else. */
function weakerWill(will: Will | null, code: unknown): Will | null {
  if (will?.retain && code === RETAIN_REFUSED) return { ...will, retain: false };
  if (will?.qos === 1 && code === QOS_REFUSED) return { ...will, qos: 0 };
  return null;
}

/** How to speak MQTT: with MQTT.js, or by the direct connection, which has no websockets. */
export type Transport = "mqttjs" | "direct";

const WITHOUT_WEBSOCKETS: ReadonlySet<string> = new Set(["mqtt:", "tcp:", "mqtts:"]);
const ENCRYPTED: ReadonlySet<string> = new Set(["mqtts:", "wss:"]);

/** MQTT.js takes 17 MB of memory, so it is loaded only where it is used. */
const openMqttJsConnection: OpenConnection = async (...connection) => {
  const mqttjs = await import("./mqttjs.ts");
  return await mqttjs.openMqttJsConnection(...connection);
};

/**
 * How to open connections to a broker. MQTT.js is used where the direct connection cannot.
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
  const isDirect = transport === "direct" && WITHOUT_WEBSOCKETS.has(protocol);
  return isDirect ? openDirectConnection : openMqttJsConnection;
}
