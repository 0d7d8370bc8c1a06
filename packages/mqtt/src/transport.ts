import type { OpenConnection } from "./connection.ts";
import { openMqttJsConnection } from "./mqttjs/connection.ts";

/** Who speaks MQTT: MQTT.js, or the direct connection where it can, which is without TLS and websockets. */
export type Transport = "mqttjs" | "direct";

export function openerFor(_transport: Transport, _url: string): OpenConnection {
  return openMqttJsConnection;
}
