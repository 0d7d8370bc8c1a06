import { useEffect, useId, useState } from "preact/hooks";
import { nameProblem } from "./model.ts";

interface NameFieldProps {
  label: string;
  name: string;
  /** The names of the others. */
  taken: readonly string[];
  isDisabled: boolean;
  onName: (name: string) => void;
}

/** A name in a file. It holds when the field is left, or by Enter. */
export function NameField({ label, name, taken, isDisabled, onName }: NameFieldProps) {
  const [text, setText] = useState(name);
  const id = useId();
  useEffect(() => setText(name), [name]);
  const problem = text === name ? null : nameProblem(text, taken);
  const give = (): void => {
    if (text !== name && problem === null) onName(text);
  };
  return (
    <label class="field">
      {label}
      <input
        type="text"
        value={text}
        disabled={isDisabled}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem`}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onBlur={give}
        onKeyDown={({ key }) => {
          if (key === "Enter") give();
          if (key === "Escape") setText(name);
        }}
      />
      <span class="field-problem" id={`${id}-problem`}>
        {problem}
      </span>
    </label>
  );
}
