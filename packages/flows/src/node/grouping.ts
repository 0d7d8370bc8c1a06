import { z } from "zod";
import { jsonOf } from "../expressions/json.ts";
import { Template } from "../expressions/template.ts";
import { keyOf } from "./heard.ts";
import type { Data } from "./node.ts";

const GROUP_LENGTH_MAX = 500;
/** Characters of JSON that wait for a time at most. */
const WAITING_LENGTH_MAX = 16_384;
/** Characters of a text that waits where the rest is too long. */
const WAITING_TEXT_MAX = 500;

/** The key `by` of a type that keeps something for each device by itself. */
export const by = z
  .string()
  .max(1_000)
  .describe("what it is kept by, as a template: {{key}}, {{device}}; empty: one for all");

/** Finds what a node keeps its state by. @throws Error for a template that is not valid. */
export function grouping(template: string): (data: Data) => string {
  const compiled = new Template(template, { isOneLine: true, lengthMax: GROUP_LENGTH_MAX });
  if (template === "{{key}}") return keyOf;
  return (data) => compiled.render(data).text;
}

/** Says why data cannot wait, because it would have to be kept; `null` where it can. */
export function tooLongToWait(data: Data): string | null {
  const length = jsonOf(data)?.length;
  if (length === undefined) return "the data is nested too deeply to wait";
  return length <= WAITING_LENGTH_MAX
    ? null
    : `the data has ${length} characters of JSON; at most ${WAITING_LENGTH_MAX} can wait`;
}

/** What of the data waits where its run must go on: all of it, or, where that is too long, what is short and no object. */
export function dataThatWaits(data: Data): Data {
  if (tooLongToWait(data) === null) return data;
  const short = Object.entries(data).filter(
    ([, value]) => typeof value !== "object" && String(value).length <= WAITING_TEXT_MAX,
  );
  return Object.fromEntries(short);
}
