import { Dot } from "../parts/State.tsx";
import type { PlacedProblem } from "./problems.ts";

interface ProblemListProps {
  problems: readonly PlacedProblem[];
  /** Goes to where a problem is. */
  onChoose: (problem: PlacedProblem) => void;
}

/** What is wrong with the file or may not be meant, each with its line. */
export function ProblemList({ problems, onChoose }: ProblemListProps) {
  const notes = problems.filter(({ isNote }) => isNote).length;
  const count = problems.length - notes;
  return (
    <section class="problem-list" aria-label="Problems">
      <p aria-live="polite" class={count === 0 ? "hidden" : "problem"}>
        {count === 0 ? "No problems" : count === 1 ? "1 problem" : `${count} problems`}
        {notes === 0 ? "" : notes === 1 ? ", 1 note" : `, ${notes} notes`}
      </p>
      <ul>
        {problems.map((problem) => (
          <li key={problem.line}>
            <Dot tone={problem.isNote ? "attention" : "problem"} />
            <span>
              <button type="button" class="link" onClick={() => onChoose(problem)}>
                {placeWords(problem)}
              </button>{" "}
              {problem.words}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function placeWords({ lineNumber, flow, node, key }: PlacedProblem): string {
  const line = lineNumber === null ? "" : `line ${lineNumber}`;
  const place = [flow, node, key].filter((part) => part !== null).join(" ");
  return [line, place].filter((part) => part !== "").join(", ") || "the file";
}
