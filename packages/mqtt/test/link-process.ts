import { systemClock } from "@weir/clock";
import { createLink } from "../src/index.ts";

// A link in a process of its own, which ends when nothing of the link is left: see stopping.test.ts.

const [url = "", transport, state] = process.argv.slice(2);
const link = createLink({
  broker: { url, username: null, password: null },
  clientId: "link-process",
  transport: transport === "direct" ? "direct" : "mqttjs",
  session: { kind: "persistent", expirySeconds: 60 },
  subscriptions: [{ filter: "b", qos: 1 }],
  onConnected: () => {
    link.publish("a", "1", { qos: 1 }).catch(() => {
      // Whether it gets an answer is up to the test.
    });
  },
  clock: systemClock,
  logger: { info: () => {}, debug: () => {}, warn: () => {} },
});
if (state === "started") link.start();

process.once("message", async () => {
  await link[Symbol.asyncDispose]();
  process.disconnect?.();
});
