import type { Format } from "../format.ts";
import { isTime } from "../workflows/run-words.ts";
import type { Mark } from "./trace.ts";

const LENGTH_MAX = 90;
/** What these send says what they do; of the others the values count, too. */
const SENDING: Readonly<Record<string, string>> = {
  email: "sent",
  ntfy: "sent to",
  webhook: "sent",
  publish: "published to",
};

export function isFailed({ state }: Mark["actions"][number]): boolean {
  return state === "failed" || state === "uncertain" || state === "expired";
}

/** What a run left at a node, in a line for people; empty where that is nothing. */
export function markWords({ values, actions }: Mark, format: Format, nowMs: number): string {
  const last = actions.at(-1);
  if (last === undefined) return cut(valueWords(values, format, nowMs));
  const { kind, what, state } = last;
  const sending = SENDING[kind];
  if (state !== "done") return cut(`${state}: ${what}`);
  // What is behind the colon is in the mail, and in the details.
  if (kind === "email") return cut(`${sending} ${what.split(": ")[0]}`);
  if (sending !== undefined) return cut(`${sending} ${what}`);
  return cut(valueWords(values, format, nowMs) || `done: ${what}`);
}

function valueWords(values: Mark["values"], format: Format, nowMs: number): string {
  return Object.entries(values ?? {})
    .flatMap(([name, value]) => {
      const words = said(name, value, format, nowMs);
      return words === null ? [] : [`${name.replace(/Ms$/, "")} ${words}`];
    })
    .join(" · ");
}

/** `null`: it has no short form. */
function said(name: string, value: unknown, format: Format, nowMs: number): string | null {
  if (isTime(name, value)) return format.when(value, nowMs);
  if (typeof value === "number") return format.number(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (!Array.isArray(value) || value.some((one) => typeof one === "object")) return null;
  return value.map(String).join(", ");
}

function cut(words: string): string {
  const line = words.replace(/\s+/g, " ");
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX - 1)}…` : line;
}
