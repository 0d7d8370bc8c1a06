import { z } from "zod";
import { topicFilter } from "../node/addressing.ts";
import { dataOfMessage, MESSAGE_NAMES } from "../node/heard.ts";
import { defineNode } from "../node/node.ts";

/** Each message on some topics begins a run. */
export const topic = defineNode({
  type: "topic",
  group: "trigger",
  summary: "each message on an MQTT topic",
  config: z.strictObject({
    topic: topicFilter.describe("MQTT topic filter; + and # stand for several topics"),
  }),
  begins: () => MESSAGE_NAMES,
  inputs: () => [],
  outputs: () => ["message"],
  create: (config) => ({
    sources: [{ kind: "messages", filter: config.topic }],
    hear: (heard, step) => {
      if (heard.kind === "messages") step.emit("message", dataOfMessage(heard, step.nowMs));
    },
  }),
});
