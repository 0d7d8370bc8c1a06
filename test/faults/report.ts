import type { Verdict } from "./scenario.ts";

/** A verdict as one line, and one more for each problem and note. */
export function describeVerdict(name: string, verdict: Verdict): string {
  const { cycles, count, recoveryMs, problems, notes } = verdict;
  const figures = [
    `${cycles} cycles`,
    `created ${count.created}`,
    `stored ${count.stored}`,
    `lost ${count.lost}`,
    `duplicate ${count.duplicate}`,
    `recovery ${(recoveryMs / 1_000).toFixed(1)} s`,
  ];
  return [
    `${name}: ${problems.length === 0 ? "passed" : "FAILED"}: ${figures.join(", ")}`,
    ...problems.map((problem) => `  problem: ${problem}`),
    ...notes.map((note) => `  note: ${note}`),
  ].join("\n");
}
