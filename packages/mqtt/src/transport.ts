import type { Broker, OpenConnection } from "./connection.ts";
import { openDirectConnection } from "./direct/connection.ts";

/** Who speaks MQTT: MQTT.js, or the direct connection, which knows neither TLS nor websockets. */
export type Transport = "mqttjs" | "direct";

const PLAIN: ReadonlySet<string> = new Set(["mqtt:", "tcp:"]);

const ENCRYPTED: ReadonlySet<string> = new Set(["mqtts:", "wss:"]);

/** MQTT.js takes 17 MB of memory, so it is loaded by those who need it. */
const openMqttJsConnection: OpenConnection = async (...connection) => {
  const mqttjs = await import("./mqttjs/connection.ts");
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
