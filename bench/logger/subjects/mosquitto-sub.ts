import { spawnSync } from "node:child_process";
import { startChild } from "../process/child.ts";
import { writtenBytes } from "../process/usage.ts";
import type { Subject } from "./subject.ts";

const LINE_END_BYTES = 1;
// At QoS 1 it writes a PUBACK, and one byte to wake itself up with.
const ACKNOWLEDGEMENT_BYTES = 5;

/** `mosquitto_sub > /dev/null`: receives and throws away, in C. */
export const mosquittoSub: Subject = {
  name: "mosquitto_sub",
  obstacle: () =>
    spawnSync("mosquitto_sub", ["--help"], { stdio: "ignore" }).error === undefined
      ? null
      : "apt-get install mosquitto-clients",
  start: async ({ port, filter, qos, payloadBytes }) => {
    const child = await startChild({
      command: "mosquitto_sub",
      args: ["-h", "127.0.0.1", "-p", String(port), "-q", String(qos), "-t", filter],
    });
    const bytesEach = payloadBytes + LINE_END_BYTES + (qos === 1 ? ACKNOWLEDGEMENT_BYTES : 0);
    let before: number | null = null;
    return {
      ...child,
      // It counts from the first question on: what it has written to subscribe is no message.
      counted: () => {
        before ??= writtenBytes(child.pid);
        return Math.floor((writtenBytes(child.pid) - before) / bytesEach);
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  },
};
