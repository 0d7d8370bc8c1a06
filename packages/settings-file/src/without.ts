import type { Path } from "./problem.ts";

/**
 * A content without the parts that some paths lead to. Of a list with such a part nothing is left, and
 * nothing of keys with values when one of the paths leads to a key that is missing.
 *
 * @returns the content itself without paths; `undefined` where nothing is left.
 */
export function without(content: unknown, paths: readonly Path[]): unknown {
  if (paths.length === 0) return content;
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  const below = Map.groupBy(paths, ([key]) => key);
  const isThere = (key: string | undefined) => key !== undefined && Object.hasOwn(content, key);
  if (![...below.keys()].every(isThere)) return undefined;
  const rest = Object.entries(content).map(([key, value]) => {
    const inside = (below.get(key) ?? []).map((path) => path.slice(1));
    return [key, without(value, inside)] as const;
  });
  return Object.fromEntries(rest.filter(([, value]) => value !== undefined));
}
