import { useState } from "preact/hooks";
import { serverNow } from "../clock.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { useDeed } from "../parts/use-deed.ts";
import { canvasApi } from "./canvas-api.ts";
import { TrialResult } from "./TrialResult.tsx";
import type { Editor } from "./use-editing.ts";

const DAY_MS = 86_400_000;
const SPANS = [
  { days: 1, label: "1 day" },
  { days: 7, label: "7 days" },
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "1 year" },
] as const;
const DAYS_FIRST = 30;

interface TrialDialogProps {
  editor: Editor;
  /** The workflow that is tried first. */
  flow: string;
  onClose: () => void;
}

/** Tries a workflow, as it is drawn, on what is stored. Nothing is sent. */
export function TrialDialog({ editor, flow: first, onClose }: TrialDialogProps) {
  const { file, draft, editing, isChecked } = editor;
  const [name, setName] = useState(first);
  const [days, setDays] = useState<number>(DAYS_FIRST);
  const trial = useDeed((flow: string, spanMs: number) => {
    const toMs = Math.floor(serverNow());
    return canvasApi.try({ file, text: draft.text, flow, fromMs: toMs - spanMs, toMs });
  });
  const flow = draft.flows.find((one) => one.name === name);
  const isInvalid = editing.invalid.includes(name);
  return (
    <Dialog title="Test on the past" name="trial" onClose={onClose}>
      <p class="quiet">
        The workflow runs on stored messages with their clock. What it would do is listed; nothing
        is sent.
      </p>
      <form
        class="trial-form"
        onSubmit={(event) => {
          event.preventDefault();
          void trial.act(name, days * DAY_MS);
        }}
      >
        <label class="field">
          Workflow
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {draft.flows.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          On the last
          <select
            value={days}
            onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}
          >
            {SPANS.map((span) => (
              <option key={span.days} value={span.days}>
                {span.label}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="main" disabled={!isChecked || isInvalid || trial.isDoing}>
          Run the test
        </button>
      </form>
      {isInvalid ? <p class="problem">{name} has a problem; mend it first.</p> : null}
      {trial.isDoing ? <Skeleton lines={3} height="2rem" /> : null}
      {trial.problem === null ? null : <ErrorNote problem={trial.problem} />}
      {trial.result === null || flow === undefined ? null : (
        <TrialResult key={trial.result.fromMs} trial={trial.result} flow={flow} />
      )}
    </Dialog>
  );
}
