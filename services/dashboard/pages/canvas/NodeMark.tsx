import { Time } from "../parts/Value.tsx";
import { StepValues } from "../workflows/StepValues.tsx";
import type { ShownRun } from "./use-ways.ts";

/** What a run left at a node, in full. */
export function NodeMark({ shown: { run, way }, node }: { shown: ShownRun; node: string }) {
  const mark = way.nodes.get(node);
  return (
    <div class="node-mark">
      <h3>
        Run of <Time atMs={run.startedMs} seconds />
      </h3>
      {mark === undefined ? <p class="quiet">It did not reach this node.</p> : null}
      {mark?.problem == null ? null : <p class="problem">{mark.problem}</p>}
      {mark?.actions.map(({ id, what, state, problem, attempts }) => (
        <p key={id}>
          {what}: {state}
          {attempts > 1 ? ` after ${attempts} attempts` : ""}
          {problem === null ? "" : `, ${problem}`}
        </p>
      ))}
      {mark?.values == null ? null : <StepValues values={mark.values} />}
    </div>
  );
}
