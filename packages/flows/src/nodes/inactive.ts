import { duration } from "@weir/runtime";
import { z } from "zod";
import { topicFilter } from "../node/addressing.ts";
import { type Data, defineNode } from "../node/node.ts";

const config = z.strictObject({
  topic: topicFilter.describe("MQTT topic filter: the messages that are signs of life"),
  for: duration({ min: "1s", max: "365d" }).describe("how long without a message"),
});

const state = z.object({
  lastMs: z.number(),
  /** When it is looked at next; `null` while it is inactive. */
  lookMs: z.number().nullable(),
  topic: z.string(),
  deviceName: z.string(),
});
type State = z.infer<typeof state>;

/** A device sends nothing for a time: each device by itself, from its first message on. */
export const inactive = defineNode<z.infer<typeof config>, State>({
  type: "inactive",
  group: "trigger",
  summary: "a device has sent nothing for a time, or sends again",
  config,
  state,
  begins: () => ["key", "device", "deviceName", "topic", "timeMs"],
  inputs: () => [],
  outputs: () => ["inactive", "active"],
  create: ({ topic: filter, for: forMs }) => {
    const dataOf = (key: string, { deviceName, topic }: State, timeMs: number): Data => ({
      ...{ key, device: key, deviceName, topic, timeMs },
    });
    return {
      sources: [{ kind: "messages", filter }],
      hear: (heard, step) => {
        if (heard.kind !== "messages") return;
        const { device: key, deviceName, topic } = heard;
        const { nowMs } = step;
        const known = step.state(key);
        // The time of the next look stays: a message costs no timer.
        const lookMs = known?.lookMs ?? nowMs + forMs;
        const next = { lastMs: nowMs, lookMs, topic, deviceName };
        step.keep(key, next, lookMs);
        if (known?.lookMs !== null) return;
        const { lastMs } = known;
        step.emit("active", dataOf(key, next, nowMs), { lastMs, silentMs: nowMs - lastMs });
      },
      wake: (key, step) => {
        const known = step.state(key);
        if (known === undefined) return;
        const { lastMs } = known;
        const dueMs = lastMs + forMs;
        if (dueMs > step.nowMs) {
          step.keep(key, { ...known, lookMs: dueMs }, dueMs);
          return;
        }
        step.keep(key, { ...known, lookMs: null });
        const silentMs = step.nowMs - lastMs;
        step.emit("inactive", dataOf(key, known, step.nowMs), { lastMs, silentMs });
      },
    };
  },
});
