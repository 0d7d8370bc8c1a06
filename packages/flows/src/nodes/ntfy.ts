import { z } from "zod";
import { defineNode } from "../node/node.ts";
import { factsOf, filler, template } from "../node/templated.ts";
import { mayBePrivate, secretName, webAddress } from "../node/web-address.ts";

const TAGS_MAX = 10;
const TITLE_MAX = 250;
/** ntfy makes an attachment of what is longer than 4,096 bytes. */
const MESSAGE_BYTES_MAX = 4_000;

/** Sends a notification to telephones by a server of ntfy. */
export const ntfy = defineNode({
  type: "ntfy",
  group: "action",
  summary: "sends a notification by ntfy",
  config: z.strictObject({
    server: webAddress.default("https://ntfy.sh").describe("the server, without the topic"),
    topic: z
      .string()
      .regex(
        /^[\w-]{1,64}$/,
        "a topic of ntfy has 1 to 64 letters, digits, underscores and hyphens",
      )
      .describe(
        "the topic; on a public server who knows it reads all: choose one that cannot be guessed",
      ),
    title: template(1_000).default("").describe("a template for the title; may be empty"),
    message: template(10_000)
      .optional()
      .describe("a template for the message; without it, the data in lines"),
    priority: z.int().min(1).max(5).default(3).describe("1 the lowest, 3 the usual, 5 the highest"),
    tags: z
      .array(z.string().regex(/^[\w+-]{1,40}$/, "a tag is one word"))
      .max(TAGS_MAX)
      .default([])
      .describe("tags, some of which ntfy shows as a picture"),
    tokenFile: secretName
      .optional()
      .describe("name of a file in WORKFLOWS_SECRETS_FOLDER that holds the access token"),
    allowPrivate: mayBePrivate,
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ title, message, tokenFile = null, ...rest }) => {
    const titleOf = filler(title, { isOneLine: true, lengthMax: TITLE_MAX });
    const messageOf = message === undefined ? factsOf : filler(message);
    return {
      take: (_input, data, step) => {
        const filled = {
          title: titleOf(data, step),
          message: cut(messageOf(data, step), MESSAGE_BYTES_MAX),
        };
        step.note({ topic: rest.topic, title: filled.title });
        step.perform({ kind: "ntfy", ...rest, tokenFile, ...filled }, data);
      },
    };
  },
});

/** The beginning of a text that has at most so many bytes. */
function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  // The last character may be cut in two.
  return `${bytes
    .subarray(0, bytesMax)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
