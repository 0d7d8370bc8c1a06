import type { Workflows } from "@weir/flows/contract";
import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { go } from "../router.ts";
import { EXAMPLES } from "./examples.ts";
import { nameProblem } from "./new-name.ts";
import { fileAddress, workflowsApi } from "./workflows-api.ts";

interface NewWorkflowProps {
  existing: Workflows;
  onClose: () => void;
}

/** Asks for a name, and goes to the canvas: with nothing, or with an example that is off. */
export function NewWorkflow({ existing, onClose }: NewWorkflowProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setIsSaving] = useState(false);
  const make = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const name = String(given.get("name")).trim();
    const wrong = nameProblem(name, existing);
    if (wrong !== null) return setProblem(wrong);
    const example = EXAMPLES.find(({ id }) => id === given.get("example"));
    try {
      setIsSaving(true);
      if (example !== undefined) {
        await workflowsApi.save(name, { text: example.text(name), layout: {}, revision: null });
      }
      onClose();
      go(fileAddress(name));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setIsSaving(false);
      setProblem(error.message);
    }
  };
  return (
    <Dialog title="New workflow" onClose={onClose}>
      <form class="new-workflow" noValidate onSubmit={(event) => void make(event)}>
        <label class="field">
          Name
          <input
            name="name"
            autofocus
            required
            maxLength={64}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby="new-workflow-hint"
            aria-invalid={problem !== null}
          />
          <span class="hint" id="new-workflow-hint">
            Letters, digits and hyphens. Its file in {existing.folder} is called so, too.
          </span>
        </label>
        <label class="field">
          Begin with
          <select name="example">
            <option value="">nothing: an empty canvas</option>
            {EXAMPLES.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
          <span class="hint">An example is off until you switch it on.</span>
        </label>
        <div aria-live="polite">{problem === null ? null : <p class="refusal">{problem}</p>}</div>
        <footer>
          <button type="button" class="plain" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isSaving}>
            Open the canvas
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
