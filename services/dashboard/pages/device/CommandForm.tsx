import type { TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import type { CommandLife } from "../../src/contract/devices.ts";
import type { RequestError } from "../api.ts";
import { CommandField } from "./CommandField.tsx";
import { CommandProgress } from "./CommandProgress.tsx";
import { formOf, labelOf, payloadOf } from "./form.ts";

interface CommandFormProps {
  command: { name: string; summary: string; payload: Record<string, unknown> | null };
  isDisabled: boolean;
  /** Of the command that this form has sent last. */
  life: CommandLife | null;
  onSend: (payload: unknown) => Promise<RequestError | null>;
}

/** A command: its field, where it takes one, its button, and what became of it. */
export function CommandForm({ command, isDisabled, life, onSend }: CommandFormProps) {
  const { name, summary, payload } = command;
  const form = formOf(payload);
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget).getAll("payload").join(",");
    const given = payloadOf(form, typed);
    if ("problem" in given) return setProblem(given.problem);
    setProblem(null);
    setIsSending(true);
    const refused = await onSend(given.payload);
    setIsSending(false);
    setProblem(refused?.message ?? null);
  };
  return (
    <form class="command" noValidate onSubmit={(event) => void submit(event)}>
      <div class="command-row">
        <CommandField
          form={form}
          label={labelOf(name)}
          describedBy={`${id}-hint`}
          isDisabled={isDisabled}
          isWrong={problem !== null}
        />
        <button
          type="submit"
          class="plain"
          disabled={isDisabled || isSending}
          aria-describedby={isDisabled ? "viewer-reason" : `${id}-summary`}
        >
          {labelOf(name)}
        </button>
      </div>
      <p class="quiet" id={`${id}-summary`}>
        {summary}
      </p>
      {form.hint === null ? null : (
        <p class="quiet" id={`${id}-hint`}>
          {form.hint}
        </p>
      )}
      <div aria-live="polite">
        {problem === null ? null : <p class="command-problem">{problem}</p>}
        {life === null ? null : <CommandProgress life={life} />}
      </div>
    </form>
  );
}
