import { useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { Icon } from "../parts/Icon.tsx";
import { ErrorNote } from "../parts/Notes.tsx";
import { go } from "../router.ts";
import { canvasApi } from "./canvas-api.ts";
import type { SidePanelProps } from "./SidePanel.tsx";

/** A file as a whole: its workflows. */
export function FilePanel({
  editor,
  problems,
  ways,
  onAddFlow,
  onSelectFlow,
}: SidePanelProps & { onSelectFlow: (flow: string) => void }) {
  const { flows } = editor.draft;
  const isReadOnly = editor.readOnly !== null;
  const [problem, setProblem] = useState<RequestError | null>(null);
  const { revision } = editor.editing.saved;
  const remove = async (): Promise<void> => {
    if (revision === null) return;
    const words = `Delete ${editor.file}.yaml with ${flows.length === 1 ? "its workflow" : `its ${flows.length} workflows`}?`;
    if (!confirm(words)) return;
    try {
      await canvasApi.remove(editor.file, revision);
      editor.forget();
      go("/workflows");
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
  };
  return (
    <>
      <header>
        <h2>Workflows</h2>
        {flows.length === 0 && problems.length === 0 ? (
          <p class="quiet">
            The file has none yet. Add a trigger from the list of nodes: a click, or a drag onto the
            canvas.
          </p>
        ) : null}
      </header>
      <ul class="node-names">
        {flows.map(({ name, title }) => (
          <li key={name}>
            <button type="button" class="link" onClick={() => onSelectFlow(name)}>
              {name}
            </button>
            <span class="quiet">
              {problems.some(({ flow, isNote }) => flow === name && !isNote)
                ? "has a problem"
                : title === ""
                  ? (ways.states.get(name)?.state ?? "new")
                  : title}
            </span>
          </li>
        ))}
      </ul>
      {problem === null ? null : <ErrorNote problem={problem} />}
      {isReadOnly ? null : (
        <footer>
          <button type="button" class="plain" onClick={onAddFlow}>
            <Icon name="plus" />
            Add a workflow
          </button>
          {revision === null ? null : (
            <button type="button" class="plain" onClick={() => void remove()}>
              <Icon name="trash" />
              Delete the file…
            </button>
          )}
        </footer>
      )}
    </>
  );
}
