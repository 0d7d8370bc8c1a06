import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startChild } from "../process/child.ts";
import type { Subject } from "./subject.ts";

const PROGRAM = fileURLToPath(new URL("mqttjs-receiver.ts", import.meta.url));

/** MQTT.js, which receives and throws away. */
export const mqttJs: Subject = {
  name: "MQTT.js, not storing",
  obstacle: () => null,
  start: async ({ port, filter, qos }) => {
    const child = await startChild({
      command: process.execPath,
      args: [PROGRAM, String(port), filter, String(qos)],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    return {
      ...child,
      counted: async () => {
        const answered = once(child.process, "message");
        child.process.send("count");
        const [count] = await Promise.race([answered, child.failed]);
        return Number(count);
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  },
};
