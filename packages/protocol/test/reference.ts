import fc from "fast-check";

/** [MQTT-4.7] as plainly as possible, to compare the fast one with. */
export function matchesPlainly(filter: string, topic: string): boolean {
  const startsWithWildcard = filter.startsWith("+") || filter.startsWith("#");
  if (startsWithWildcard && topic.startsWith("$")) return false;
  const pattern = filter
    .split("/")
    .map((level) => {
      if (level === "+") return "[^/]*";
      if (level === "#") return ".*";
      return RegExp.escape(level);
    })
    .join("/")
    // The parent of `#` needs no slash behind it.
    .replace(/\/\.\*$/, "(/.*)?");
  return new RegExp(`^${pattern}$`, "s").test(topic);
}

const NAMES = ["", "a", "b", "$s"];

/** Valid filters of few names, so that they often overlap. */
export const validFilter: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.constantFrom(...NAMES, "+"), { minLength: 0, maxLength: 2 }),
    fc.constantFrom(...NAMES, "+", "#"),
  )
  .map(([levels, last]) => [...levels, last].join("/"))
  .filter((filter) => filter !== "");

/** Every topic of up to four levels out of these names and one that no filter names. */
export const EVERY_TOPIC: readonly string[] = topicsOf(4);

function topicsOf(depth: number): string[] {
  const names = [...NAMES, "other"];
  let deepest: string[] = [...names];
  const topics = [...deepest];
  for (let levels = 2; levels <= depth; levels++) {
    deepest = deepest.flatMap((above) => names.map((name) => `${above}/${name}`));
    topics.push(...deepest);
  }
  return topics.filter((topic) => topic !== "");
}
