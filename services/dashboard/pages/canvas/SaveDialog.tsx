import type { WorkflowFile } from "@weir/flows/contract";
import { useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { workflowsApi } from "../workflows/workflows-api.ts";
import { canvasApi } from "./canvas-api.ts";
import { DiffView } from "./DiffView.tsx";
import { opened, stored } from "./editing.ts";
import type { Editor } from "./use-editing.ts";

interface SaveDialogProps {
  editor: Editor;
  onClose: () => void;
  onSaved: () => void;
}

/** What a save changes, before it does; and what to do where somebody else has saved meanwhile. */
export function SaveDialog({ editor, onClose, onSaved }: SaveDialogProps) {
  const { file, draft, editing, isChecked, checkProblem } = editor;
  const [isSaving, setIsSaving] = useState(false);
  const [problem, setProblem] = useState<RequestError | null>(null);
  /** What somebody else has saved; `null`: nobody has. */
  const [other, setOther] = useState<WorkflowFile | null>(null);
  const base = other ?? editing.saved;
  const count = editing.problems.length;

  const save = async (): Promise<void> => {
    setIsSaving(true);
    setProblem(null);
    const { text, layout } = draft;
    try {
      const saved = await workflowsApi.save(file, { text, layout, revision: base.revision });
      editor.change((now) => stored(now, saved));
      onSaved();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.status === 409) await lookAtOther(error);
      else setProblem(error);
      setIsSaving(false);
    }
  };
  const lookAtOther = async (refusal: RequestError): Promise<void> => {
    const theirs = await canvasApi.file(file).catch(() => null);
    if (theirs === null) setProblem(refusal);
    else setOther(theirs);
  };
  return (
    <Dialog title={`Save ${file}.yaml`} name="save" onClose={onClose}>
      {other === null ? null : (
        <div class="note stale" role="alert">
          <p>
            <strong>Somebody else has saved this file since you opened it.</strong> Below is what
            your save would change in their version.
          </p>
        </div>
      )}
      {checkProblem === null ? null : <ErrorNote problem={checkProblem} />}
      {isChecked ? (
        <DiffView before={base.text} after={draft.text} />
      ) : checkProblem === null ? (
        <Skeleton lines={4} />
      ) : null}
      {count === 0 ? null : (
        <p class="problem">
          {count === 1 ? "There is a problem" : `There are ${count} problems`}:{" "}
          {editing.invalid.length === 0
            ? "see the list below the canvas."
            : `${editing.invalid.join(", ")} will not run until it is mended.`}
        </p>
      )}
      {problem === null ? null : <ErrorNote problem={problem} />}
      <footer>
        {other === null ? (
          <button type="button" class="plain" onClick={onClose}>
            Go on drawing
          </button>
        ) : (
          <button
            type="button"
            class="plain"
            onClick={() => {
              editor.change(() => opened(other));
              onClose();
            }}
          >
            Drop mine, show theirs
          </button>
        )}
        <button
          type="button"
          class="main"
          disabled={!isChecked || isSaving}
          onClick={() => void save()}
        >
          {other === null ? "Save" : "Save mine over theirs"}
        </button>
      </footer>
    </Dialog>
  );
}
