import { systemClock } from "@weir/runtime";
import { createReconnectingClient } from "../src/index.ts";

// A client in a separate process, which ends when nothing of the client is left: see stopping.test.ts.

const [url = "", transport, state] = process.argv.slice(2);
const client = createReconnectingClient({
  broker: { url, username: null, password: null },
  clientId: "client-process",
  transport: transport === "direct" ? "direct" : "mqttjs",
  session: { kind: "persistent", expirySeconds: 60 },
  subscriptions: [{ filter: "b", qos: 1 }],
  onConnected: () => {
    client.publish("a", "1", { qos: 1 }).catch(() => {
      // Whether it gets an answer is up to the test.
    });
  },
  clock: systemClock,
  logger: { info: () => {}, debug: () => {}, warn: () => {} },
});
if (state === "started") client.start();

process.once("message", async () => {
  await client[Symbol.asyncDispose]();
  process.disconnect?.();
});
