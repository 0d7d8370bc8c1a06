import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { factsOf, filler, template } from "../node/templated.ts";

const RECIPIENTS_MAX = 20;
const SUBJECT_MAX = 300;
/** Nothing that could end an address or begin another one. */
const ADDRESS =
  /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,250}[\p{L}\p{N}])?$/u;

/** Sends an e-mail, once as far as SMTP allows. */
export const email = defineNode({
  type: "email",
  group: "action",
  summary: "sends an e-mail",
  config: z.strictObject({
    to: z
      .array(z.string().regex(ADDRESS, "an address is written you@example.org, without a name"))
      .min(1)
      .max(RECIPIENTS_MAX)
      .describe("to whom: e-mail addresses"),
    subject: template(1_000).describe("a template for the subject, which is one line"),
    text: template(20_000)
      .optional()
      .describe("a template for the text; without it, the data in lines"),
    whenUncertain: z
      .enum(["say", "resend"])
      .default("say")
      .describe(
        "when the connection was lost after the mail was handed over: say so at error, or send it again, perhaps twice",
      ),
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ to, subject, text, whenUncertain }) => {
    const subjectOf = filler(subject, { isOneLine: true, lengthMax: SUBJECT_MAX });
    const textOf = text === undefined ? factsOf : filler(text);
    return {
      take: (_input, data, step) => {
        const line = subjectOf(data, step);
        if (line === "") {
          step.fail(`the subject ${JSON.stringify(subject)} is empty with this data`, data);
          return;
        }
        step.note({ to, subject: line });
        const filled = { subject: line, text: textOf(data, step) };
        step.perform({ kind: "email", to, ...filled, whenUncertain }, data);
      },
    };
  },
});
