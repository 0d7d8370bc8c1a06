import type { Run, RunStep } from "@weir/flows/contract";
import { Icon } from "../parts/Icon.tsx";
import { prettyPayload } from "../parts/pretty.ts";
import { Time } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { isTime, isTree, sinceStart, stepWords, valueText } from "./run-words.ts";

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
  const entries = Object.entries(values ?? {});
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
        {entries.length === 0 ? null : (
          <dl class="step-values">
            {entries.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <StepValue name={name} value={value} />
                </dd>
              </div>
            ))}
          </dl>
        )}
      </div>
    </>
  );
}

function StepValue({ name, value }: { name: string; value: unknown }) {
  if (isTime(name, value)) return <Time atMs={value} seconds />;
  if (!isTree(value)) return <>{valueText(value)}</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="payload" tabIndex={0} aria-label={name}>
      <pre>{prettyPayload(valueText(value))}</pre>
    </section>
  );
}
