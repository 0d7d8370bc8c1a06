import mqtt, { type IClientOptions, type MqttClient, type MqttClientEventCallbacks } from "mqtt";

/** An MQTT.js client without Weir around it; `prepare` runs before it connects. */
export async function connectBare(
  url: string,
  options: IClientOptions = {},
  prepare: (client: MqttClient) => void = () => {},
): Promise<MqttClient & AsyncDisposable> {
  const client = mqtt.connect(url, { reconnectPeriod: 0, manualConnect: true, ...options });
  prepare(client);
  client.connect();
  await emitted(client, "connect");
  return Object.assign(client, {
    [Symbol.asyncDispose]: async () => {
      if (client.stream.closed) return;
      client.stream.destroy();
      await emitted(client, "close");
    },
  });
}

/** Waits for an event. Unlike `once` of node:events it does not take "error" for its own failure. */
export function emitted<E extends keyof MqttClientEventCallbacks>(
  client: MqttClient,
  event: E,
): Promise<Parameters<MqttClientEventCallbacks[E]>> {
  return new Promise((resolve) => {
    client.once(event, ((...values: Parameters<MqttClientEventCallbacks[E]>) =>
      resolve(values)) as MqttClientEventCallbacks[E]);
  });
}
