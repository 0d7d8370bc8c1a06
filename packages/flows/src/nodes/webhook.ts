import { z } from "zod";
import { contentFiller, contentKeys } from "../node/message-body.ts";
import { defineNode } from "../node/node.ts";
import { mayBePrivate, secretName, webAddress } from "../node/web-address.ts";

const HEADERS_MAX = 20;
/** Headers that say where a message goes and where it ends, and those that are Weir's own. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "idempotency-key", "weir-signature", "weir-timestamp"],
]);

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, "the name of a header has letters, digits and hyphens")
  .refine((name) => !RESERVED.has(name.toLowerCase()), "this header is not for a workflow to set");
const headerValue = z
  .string()
  .regex(/^[\x20-\x7e]{0,2000}$/, "a header is one line of ASCII, 2000 characters at most");

/** Sends the data to a program on the web. */
export const webhook = defineNode({
  type: "webhook",
  group: "action",
  summary: "sends a request to an address on the web",
  config: z.strictObject({
    url: webAddress.describe("where to; nothing of the data goes into it"),
    method: z.enum(["POST", "PUT", "PATCH", "GET", "DELETE"]).default("POST").describe("how"),
    headers: z
      .record(headerName, headerValue)
      .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `at most ${HEADERS_MAX}`)
      .default({})
      .describe("more headers, as they are"),
    ...contentKeys,
    secretFile: secretName
      .optional()
      .describe(
        "name of a file in WORKFLOWS_SECRETS_FOLDER: its content is the key of the signature in the header Weir-Signature",
      ),
    allowPrivate: mayBePrivate,
  }),
  inputs: () => ["in"],
  outputs: () => ["done"],
  create: ({ url, method, headers, text, json, secretFile = null, allowPrivate }) => {
    const contentOf = contentFiller({ text, json });
    const hasBody = method !== "GET" && method !== "DELETE";
    if (!hasBody && (text !== undefined || json !== undefined)) {
      throw new Error(`a request with ${method} has no content; remove text and json`);
    }
    const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
    const type = text === undefined ? "application/json" : "text/plain; charset=utf-8";
    const all = { ...(hasBody && !hasType && { "content-type": type }), ...headers };
    return {
      take: (_input, data, step) => {
        const { body, problem } = hasBody ? contentOf(data, step) : { body: "", problem: null };
        if (body === null) {
          step.fail(problem, data);
          return;
        }
        step.note({ method, url });
        const request = { url, method, headers: all, body, secretFile, allowPrivate };
        step.perform({ kind: "webhook", ...request }, data);
      },
    };
  },
});
