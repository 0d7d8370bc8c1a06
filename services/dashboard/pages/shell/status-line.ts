import type { Status } from "../../src/contract/status.ts";
import type { Format } from "../format.ts";

export interface StatusLine {
  tone: "ok" | "attention" | "problem" | "quiet";
  /** What is so, in a few words. */
  words: string;
  /** How fresh, or how much more. */
  more: string | null;
}

/**
 * The answer to "is anything lost, and how fresh is this".
 * @param awaySinceMs since when the pages hear nothing from the server
 */
export function statusLine(
  status: Status | null,
  awaySinceMs: number | null,
  nowMs: number,
  format: Format,
): StatusLine {
  if (awaySinceMs !== null) {
    return {
      tone: "attention",
      words: "server away",
      more: `since ${format.when(awaySinceMs, nowMs)}`,
    };
  }
  if (status === null) return { tone: "quiet", words: "asking", more: null };
  const fresh = status.newestMs === null ? null : shortAge(status.newestMs, nowMs, format);
  switch (status.state) {
    case "missing":
      return {
        tone: "problem",
        words: `${format.count(status.missing ?? 0)} missing`,
        more: fresh,
      };
    case "broker away": {
      const since = status.broker.sinceMs;
      return {
        tone: "problem",
        words: "broker away",
        more: since === null ? null : `since ${format.when(since, nowMs)}`,
      };
    }
    case "logger away":
      return { tone: "problem", words: "logger away", more: fresh && `newest ${fresh}` };
    case "behind":
      return {
        tone: "attention",
        words: `behind by ${format.count(status.behindRows)}`,
        more: fresh,
      };
    case "stored":
      return { tone: "ok", words: "all stored", more: fresh };
    case "unknown":
      return { tone: "quiet", words: "not judged yet", more: fresh };
  }
}

/** `12 s ago` from the first second on: here each second counts. */
function shortAge(atMs: number, nowMs: number, format: Format): string {
  const past = Math.max(0, nowMs - atMs);
  return past < 60_000 ? `${Math.floor(past / 1_000)} s ago` : format.age(atMs, nowMs);
}
