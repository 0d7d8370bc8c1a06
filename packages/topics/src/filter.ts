import { TOPIC_BYTES_MAX } from "@weir/messages";

/** Matches any one level. */
export const ONE_LEVEL = "+";
/** Matches the level before it and everything below. */
export const ALL_LEVELS = "#";

/**
 * Says what keeps a text from being a subscription filter, in words for a user; `null` when it is a
 * sound one. Shared subscriptions are refused: another member of the group would get a part of the
 * messages.
 */
export function filterProblem(filter: string): string | null {
  if (filter === "") return "a filter needs at least one character"; // [MQTT-4.7.3-1]
  if (filter.includes("\0")) return "a filter has no NUL character"; // [MQTT-4.7.3-2]
  // What is no Unicode text cannot be sent as UTF-8 [MQTT-1.5.4-1].
  if (!filter.isWellFormed()) return "a filter is Unicode text, and this has half a character";
  const bytes = Buffer.byteLength(filter);
  if (bytes > TOPIC_BYTES_MAX) {
    return `a filter has at most ${TOPIC_BYTES_MAX} bytes, and this has ${bytes}`; // [MQTT-4.7.3-3]
  }
  const levels = levelsOf(filter);
  if (levels[0] === "$share") {
    return "shared subscriptions ($share/…) would give a part of the messages to others; name the filter alone";
  }
  const joined = levels.find((level) => level.length > 1 && /[+#]/.test(level));
  if (joined !== undefined) {
    // [MQTT-4.7.1-1] and [MQTT-4.7.1-2]
    return `+ and # stand for whole levels, alone between slashes, and ${shorten(joined)} is mixed`;
  }
  const hash = levels.indexOf(ALL_LEVELS);
  if (hash !== -1 && hash !== levels.length - 1) return "# may only be the last level"; // [MQTT-4.7.1-1]
  return null;
}

/**
 * Whether a topic belongs to a sound filter [MQTT-4.7]. A wildcard at the first level does not match
 * topics that begin with `$` [MQTT-4.7.2-1].
 */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = levelsOf(filter);
  const levels = levelsOf(topic);
  if (isWildcard(wanted[0]) && isReserved(topic)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === ALL_LEVELS) return true;
    if (index >= levels.length) return false;
    if (level !== ONE_LEVEL && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

/** The parts of a filter or topic between slashes; a leading or trailing slash makes an empty one. */
export function levelsOf(text: string): string[] {
  return text.split("/");
}

export function isWildcard(level: string | undefined): boolean {
  return level === ONE_LEVEL || level === ALL_LEVELS;
}

/** Whether no wildcard at the first level matches it: `$SYS` and its like. */
export function isReserved(firstLevel: string | undefined): boolean {
  return firstLevel?.startsWith("$") === true;
}

function shorten(level: string): string {
  return JSON.stringify(level.length > 60 ? `${level.slice(0, 60)}…` : level);
}
