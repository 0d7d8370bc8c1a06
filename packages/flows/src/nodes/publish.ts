import { topicProblem } from "@weir/protocol";
import { z } from "zod";
import { contentFiller, contentKeys } from "../node/message-body.ts";
import { defineNode } from "../node/node.ts";
import { filler, template } from "../node/templated.ts";

/** Publishes a message at the broker. */
export const publish = defineNode({
  type: "publish",
  group: "action",
  summary: "publishes an MQTT message",
  config: z.strictObject({
    topic: template(2_048).describe("a template for the topic"),
    ...contentKeys,
    qos: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe("1: the broker confirms it; 0: it does not"),
    retain: z.boolean().default(false).describe("true: the broker keeps it for later subscribers"),
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ topic, text, json, qos, retain }) => {
    const problem = topic.includes("{{") ? null : topicProblem(topic);
    if (problem !== null) throw new Error(`topic: ${problem}`);
    const topicOf = filler(topic, { isOneLine: true });
    const contentOf = contentFiller({ text, json });
    return {
      take: (_input, data, step) => {
        const named = topicOf(data, step);
        const wrong = topicProblem(named);
        const content = contentOf(data, step);
        if (wrong !== null || content.problem !== null) {
          step.fail(wrong ?? content.problem ?? "", data);
          return;
        }
        step.note({ topic: named });
        step.perform({ kind: "publish", topic: named, payload: content.body, qos, retain }, data);
      },
    };
  },
});
