import type { Data } from "./node.ts";
import { type Filling, filler, jsonFiller, jsonTemplate, template } from "./templated.ts";

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

/** What a message holds with the data filled in, or why there is none. */
type Content = { body: string; problem: null } | { body: null; problem: string };

/** Makes the content of messages ready. @throws Error where text and json are both given. */
export function contentFiller({
  text,
  json,
}: {
  text?: string | undefined;
  json?: unknown;
}): (data: Data, step: Filling) => Content {
  if (text !== undefined && json !== undefined) throw new Error("give text or json, not both");
  const textOf = text === undefined ? null : filler(text);
  const fill = json === undefined ? (data: Data) => data : jsonFiller(json);
  return (data, step) => {
    const body = textOf === null ? JSON.stringify(fill(data, step)) : textOf(data, step);
    const bytes = Buffer.byteLength(body);
    if (bytes <= BODY_BYTES_MAX) return { body, problem: null };
    const problem = `the content has ${bytes} bytes, and at most ${BODY_BYTES_MAX} are sent; name text or json with less in it`;
    return { body: null, problem };
  };
}
