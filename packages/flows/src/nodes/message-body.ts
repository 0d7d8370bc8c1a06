import { renderTemplate } from "../expressions/template.ts";
import type { Data } from "./node.ts";
import { jsonTemplate, renderJson, template } from "./templated.ts";

/** The largest body of a webhook and payload of a message, in bytes; the broker accepts no more. */
const BODY_BYTES_MAX = 262_144;

/** What a message holds, as a file has it. */
export const contentKeys = {
  text: template(20_000)
    .optional()
    .describe("a template for plain text; for JSON use json, which needs no escaping"),
  json: jsonTemplate
    .optional()
    .describe("JSON whose strings are templates; without text and json it is all data as JSON"),
};

interface Content {
  text?: string | undefined;
  json?: unknown;
}

/** A message of one form. @throws Error where both are given. */
export function checkContent({ text, json }: Content): void {
  if (text !== undefined && json !== undefined) throw new Error("give text or json, not both");
}

/** The content with the data filled in, or why there is none. */
export function contentOf(
  { text, json }: Content,
  data: Data,
): { body: string; isJson: boolean; problem: null } | { problem: string } {
  const isJson = text === undefined;
  const body = isJson
    ? JSON.stringify(json === undefined ? data : renderJson(json, data))
    : renderTemplate(text, data, { oneLine: false });
  const bytes = Buffer.byteLength(body);
  if (bytes > BODY_BYTES_MAX) {
    const problem = `the content has ${bytes} bytes, and at most ${BODY_BYTES_MAX} are sent; name text or json with less in it`;
    return { problem };
  }
  return { body, isJson, problem: null };
}
