import type { Run, RunStep } from "@weir/flows/contract";
import { Icon } from "../parts/Icon.tsx";
import { Time } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { sinceStart, stepWords } from "./run-words.ts";
import { StepValues } from "./StepValues.tsx";

/** The nodes that a run went through, one after the other, with the values that decided. */
export function RunPath({ run: { steps, startedMs, performed } }: { run: Run }) {
  return (
    <ol class="path">
      {steps.map((step, place) => (
        // A run may come by a node twice at one time; steps are only added at the end.
        <li key={place} class={step.problem === null ? "" : "failed"}>
          <Step
            step={step}
            startedMs={startedMs}
            isActing={performed.some(({ node }) => node === step.node)}
          />
        </li>
      ))}
    </ol>
  );
}

interface StepProps {
  step: RunStep;
  startedMs: number;
  isActing: boolean;
}

function Step({ step, startedMs, isActing }: StepProps) {
  const { atMs, node, values, problem } = step;
  const { from, to } = stepWords(step, isActing);
  return (
    <>
      <p class="step-time">
        <Time atMs={atMs} seconds />{" "}
        <span class="quiet">{sinceStart(atMs, startedMs, format.value)}</span>
      </p>
      <div class="step-what">
        <p>
          <strong>{node}</strong> <span class="quiet">{from}</span> {to}
        </p>
        {problem === null ? null : (
          <p class="step-problem">
            <Icon name="problem" />
            {problem}
          </p>
        )}
        {values === null ? null : <StepValues values={values} />}
      </div>
    </>
  );
}
