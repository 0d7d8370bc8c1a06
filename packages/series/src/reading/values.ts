import { NUMBER_MAGNITUDE_MAX, parseNumber } from "@weir/protocol";

/** Pairs of words for a state: the first is 1, the second 0. Capitals do not matter. */
export const STATE_WORDS = [
  ["on", "off"],
  ["true", "false"],
  ["open", "closed"],
  ["open", "close"],
  ["opened", "closed"],
  ["online", "offline"],
  ["yes", "no"],
  ["connected", "disconnected"],
  ["connected", "not connected"],
  ["enabled", "disabled"],
  ["enable", "disable"],
  ["active", "inactive"],
  ["lock", "unlock"],
  ["locked", "unlocked"],
  ["home", "not_home"],
  ["home", "away"],
  ["detected", "clear"],
  ["detected", "not_detected"],
  ["occupied", "unoccupied"],
  ["wet", "dry"],
  ["leak", "dry"],
  ["pressed", "released"],
  ["armed", "disarmed"],
  ["muted", "unmuted"],
  ["running", "stopped"],
] as const;

const STATES: ReadonlyMap<string, 0 | 1> = new Map<string, 0 | 1>(
  STATE_WORDS.flatMap(([one, zero]) => [
    [one, 1],
    [zero, 0],
  ]),
);
const WORD_LENGTH_MAX = 16;

/** The state of a boolean, or of a word of a pair; `null` for anything else. */
export function stateOf(given: unknown): 0 | 1 | null {
  if (typeof given === "boolean") return given ? 1 : 0;
  if (typeof given !== "string" || given.length > WORD_LENGTH_MAX) return null;
  return STATES.get(given) ?? STATES.get(given.trim().toLowerCase()) ?? null;
}

/** A number, or a text that is one; `null` for anything else, NaN and what is too large for a measurement. */
export function numberOf(given: unknown): number | null {
  const value = typeof given === "string" ? parseNumber(given) : given;
  return typeof value === "number" && Math.abs(value) <= NUMBER_MAGNITUDE_MAX ? value : null;
}
