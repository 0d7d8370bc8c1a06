import { ALL_LEVELS, isReserved, isWildcard, levelsOf, ONE_LEVEL } from "./filter.ts";

/** The levels of a sound filter. */
export type Levels = readonly string[];

/**
 * The levels of a filter, in the one form that filters with the same topics have: `+/#` is `#`, since
 * a topic has at least one level.
 */
export function normalLevelsOf(filter: string): Levels {
  return normalise(levelsOf(filter));
}

function normalise(levels: string[]): Levels {
  const isAll = levels.length === 2 && levels[0] === ONE_LEVEL && levels[1] === ALL_LEVELS;
  return isAll ? [ALL_LEVELS] : levels;
}

/** Whether each topic of the sound filter `inner` is one of `outer`, too. */
export function filterHolds(outer: string, inner: string): boolean {
  return holds(normalLevelsOf(outer), normalLevelsOf(inner));
}

/** Whether a topic can belong to both of two sound filters. */
export function filtersOverlap(a: string, b: string): boolean {
  return overlap(normalLevelsOf(a), normalLevelsOf(b));
}

/** Whether each topic of `inner` is one of `outer`, too. */
export function holds(outer: Levels, inner: Levels): boolean {
  if (isBlindTo(outer, inner)) return false;
  for (const [index, level] of outer.entries()) {
    if (level === ALL_LEVELS) return true;
    const other = inner[index];
    if (other === undefined || other === ALL_LEVELS) return false;
    if (level !== ONE_LEVEL && level !== other) return false;
  }
  return outer.length === inner.length;
}

/** Whether a topic can belong to both. */
export function overlap(a: Levels, b: Levels): boolean {
  if (isBlindTo(a, b) || isBlindTo(b, a)) return false;
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const [one, other] = [a[index], b[index]];
    if (one === ALL_LEVELS || other === ALL_LEVELS) return true;
    if (one !== other && one !== ONE_LEVEL && other !== ONE_LEVEL) return false;
  }
  const rest = a.length > b.length ? a.slice(shared) : b.slice(shared);
  if (rest.length === 0) return true;
  // What is left of the longer one may be a `#` that stands for no level; no topic is empty, though.
  const isEmpty = shared === 1 && (a[0] === "" || b[0] === "");
  return rest.length === 1 && rest[0] === ALL_LEVELS && !isEmpty;
}

/** The narrowest filter that holds two overlapping ones. */
export function join(a: Levels, b: Levels): Levels {
  const joined: string[] = [];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [one, other] = [a[index], b[index]];
    const isOpen = one === undefined || other === undefined;
    if (isOpen || one === ALL_LEVELS || other === ALL_LEVELS) {
      return normalise([...joined, ALL_LEVELS]);
    }
    joined.push(one === other ? one : ONE_LEVEL);
  }
  return joined;
}

/** Whether `filter` has a wildcard where `other` has a `$` topic, which it does not match [MQTT-4.7.2-1]. */
function isBlindTo(filter: Levels, other: Levels): boolean {
  return isWildcard(filter[0]) && isReserved(other[0]);
}
