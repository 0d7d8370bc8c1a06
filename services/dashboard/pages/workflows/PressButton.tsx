import type { FlowState } from "@weir/flows/contract";
import { State } from "../parts/State.tsx";
import { useDeed } from "../parts/use-deed.ts";
import { runWords } from "./run-words.ts";
import { workflowsApi } from "./workflows-api.ts";

interface PressButtonProps {
  flow: FlowState;
  button: FlowState["buttons"][number];
  isDisabled: boolean;
}

/** A virtual button, and what became of pressing it. */
export function PressButton({ flow, button, isDisabled }: PressButtonProps) {
  const { name, state, lastRun } = flow;
  const press = useDeed(() => workflowsApi.press(name, button.node));
  const isOff = state !== "running";
  const run = press.result !== null && lastRun?.id === press.result.run ? lastRun : null;
  return (
    <div class="press">
      <button
        type="button"
        class="plain"
        disabled={isDisabled || isOff || press.isDoing}
        aria-describedby={isDisabled ? "workflows-reason" : `flow-${name}`}
        title={isOff && !isDisabled ? `The workflow is ${state}.` : undefined}
        onClick={() => void press.act()}
      >
        {button.label === button.node ? `Press ${button.node}` : button.label}
      </button>
      <span class="press-result" aria-live="polite">
        {press.problem === null ? null : <span class="refusal">{press.problem.message}</span>}
        {press.result === null ? null : run === null ? (
          "pressed"
        ) : (
          <a href={`/workflows/runs/${run.id}`}>
            <State tone={runWords(run).tone} word={runWords(run).words} />
          </a>
        )}
      </span>
    </div>
  );
}
