import type { OpenConnection } from "./connection.ts";
import { openDirectConnection } from "./direct/connection.ts";

/** Who speaks MQTT: MQTT.js, or the direct connection, which knows neither TLS nor websockets. */
export type Transport = "mqttjs" | "direct";

const PLAIN: ReadonlySet<string> = new Set(["mqtt:", "tcp:"]);

/** MQTT.js takes 17 MB of memory, so it is loaded by those who need it. */
const openMqttJsConnection: OpenConnection = async (...connection) => {
  const mqttjs = await import("./mqttjs/connection.ts");
  return await mqttjs.openMqttJsConnection(...connection);
};

/** How to open connections; MQTT.js does what the direct connection cannot. */
export function openerFor(transport: Transport, url: string): OpenConnection {
  const isPlain = PLAIN.has(new URL(url).protocol);
  return transport === "direct" && isPlain ? openDirectConnection : openMqttJsConnection;
}
