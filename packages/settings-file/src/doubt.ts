import type { Path, Problem } from "./problem.ts";

/** Those of the problems that are true whatever the doubtful parts of a file will say once they are mended. */
export function beyondDoubt(problems: readonly Problem[], doubtful: readonly Path[]): Problem[] {
  return problems.filter(
    ({ path, of = [path] }) => !of.some((one) => doubtful.some((other) => meet(one, other))),
  );
}

/** Whether one path leads to the other, or to a part of what that leads to. */
function meet(one: Path, other: Path): boolean {
  const shared = Math.min(one.length, other.length);
  return one.slice(0, shared).every((key, index) => key === other[index]);
}
