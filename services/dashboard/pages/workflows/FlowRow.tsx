import type { FlowNote, FlowState } from "@weir/flows/contract";
import { About } from "../parts/About.tsx";
import { Dot, State } from "../parts/State.tsx";
import { useDeed } from "../parts/use-deed.ts";
import { Age } from "../parts/Value.tsx";
import { format } from "../preferences.ts";
import { PressButton } from "./PressButton.tsx";
import { flowTone, runWords } from "./run-words.ts";
import { fileAddress, runsAddress, workflowsApi } from "./workflows-api.ts";

interface FlowRowProps {
  flow: FlowState;
  /** What is valid in it and may not be meant. */
  notes: readonly FlowNote[];
  can: { press: boolean; save: boolean };
  reload: () => void;
}

/** A workflow at a glance, with what can be done about it. */
export function FlowRow({ flow, notes, can, reload }: FlowRowProps) {
  const { name, file, title, state, reason, buttons } = flow;
  const resume = useDeed(() => workflowsApi.resume(name), reload);
  const id = `flow-${name}`;
  return (
    <article class="flow" aria-labelledby={id}>
      <div class="flow-what">
        <h3 id={id}>
          <a href={fileAddress(file, name)}>{title === "" ? name : title}</a>
          {title === "" ? null : <span class="quiet flow-name">{name}</span>}
        </h3>
        <p class="facts-line">
          <State tone={flowTone(flow)} word={state} />
          <LastRun flow={flow} />
          <Counts flow={flow} />
        </p>
        {reason === null ? null : <p class="flow-reason">{reason}</p>}
        {state === "off" ? null : <Notes notes={notes} />}
        {resume.problem === null ? null : (
          <p class="refusal" role="alert">
            {resume.problem.message}
          </p>
        )}
      </div>
      <div class="flow-deeds">
        {state === "stopped" ? (
          <button
            type="button"
            class="plain"
            disabled={!can.press || resume.isDoing}
            aria-describedby={can.press ? id : "workflows-reason"}
            onClick={() => void resume.act()}
          >
            Start again
          </button>
        ) : null}
        {buttons.map((button) => (
          <PressButton key={button.node} flow={flow} button={button} isDisabled={!can.press} />
        ))}
        {state === "invalid" ? null : <Switch flow={flow} isDisabled={!can.save} reload={reload} />}
      </div>
    </article>
  );
}

function Notes({ notes }: Pick<FlowRowProps, "notes">) {
  return notes.map(({ node, words }) => (
    <p key={`${node} ${words}`} class="flow-note">
      <Dot tone="attention" />
      <span>{node === null ? words : `${node}: ${words}`}</span>
    </p>
  ));
}

function LastRun({ flow: { lastRun } }: { flow: FlowState }) {
  if (lastRun === null) return <span class="quiet">no run yet</span>;
  const { tone, words } = runWords(lastRun);
  return (
    <>
      <span class="newest-run">
        <a href={`/workflows/runs/${lastRun.id}`}>
          newest run <Age atMs={lastRun.startedMs} />
        </a>{" "}
        <State tone={tone} word={words} />
      </span>
      {lastRun.about === "" ? null : <About name={lastRun.about} />}
    </>
  );
}

function Counts({ flow: { name, actions24h, openAlerts } }: { flow: FlowState }) {
  const { count } = format.value;
  const actions = actions24h === 1 ? "1 action" : `${count(actions24h)} actions`;
  return (
    <>
      {actions24h === 0 ? (
        <span class="quiet">no action in 24 h</span>
      ) : (
        <a href={runsAddress(name)}>{`${actions} in 24 h`}</a>
      )}
      {openAlerts === 0 ? null : (
        <a href={`/alerts?text=${encodeURIComponent(name)}`}>
          {openAlerts === 1 ? "1 open alert" : `${count(openAlerts)} open alerts`}
        </a>
      )}
    </>
  );
}

interface SwitchProps {
  flow: FlowState;
  isDisabled: boolean;
  reload: () => void;
}

/** On and off; the file says which. */
function Switch({ flow: { name, state }, isDisabled, reload }: SwitchProps) {
  const enable = useDeed((isOn: boolean) => workflowsApi.enable(name, isOn), reload);
  return (
    <>
      <label class="switch">
        <input
          type="checkbox"
          aria-describedby={isDisabled ? "workflows-reason" : undefined}
          checked={state !== "off"}
          disabled={isDisabled || enable.isDoing}
          onChange={({ currentTarget: { checked } }) => void enable.act(checked)}
        />
        <span class="hidden">{`${name} is on`}</span>
        <span aria-hidden="true">{state === "off" ? "off" : "on"}</span>
      </label>
      {enable.problem === null ? null : (
        <p class="refusal" role="alert">
          {enable.problem.message}
        </p>
      )}
    </>
  );
}
