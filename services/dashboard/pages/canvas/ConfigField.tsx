import { useEffect, useId, useState } from "preact/hooks";
import { type Field, shownValue, typedValue } from "./fields.ts";
import { SeriesNames } from "./SeriesNames.tsx";

interface ConfigFieldProps {
  field: Field;
  value: unknown;
  /** What the check of the file says of it. */
  problems: readonly string[];
  isDisabled: boolean;
  onValue: (value: unknown) => void;
}

/** One key of a node's configuration. */
export function ConfigField({ field, value, problems, isDisabled, onValue }: ConfigFieldProps) {
  const { key, kind, isRequired, hint, preset, choices } = field;
  const id = useId();
  const [text, setText] = useState(shownValue(field, value));
  const [unread, setUnread] = useState<string | null>(null);
  const written = JSON.stringify(value);
  useEffect(() => {
    // What was undone, or written in the text, wins over what was typed; "5." stays while it is 5.
    const now = typedValue(field, text);
    if ("problem" in now || JSON.stringify(now.value) !== written) {
      setText(shownValue(field, value));
      setUnread(null);
    }
  }, [written]);
  const take = (typed: string): void => {
    setText(typed);
    const read = typedValue(field, typed);
    setUnread("problem" in read ? read.problem : null);
    if ("value" in read) onValue(read.value);
  };
  const shown = unread === null ? problems : [unread];
  const common = {
    id,
    disabled: isDisabled,
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-invalid": shown.length > 0,
    "aria-required": isRequired,
  };
  const onInput = ({ currentTarget }: { currentTarget: { value: string } }): void =>
    take(currentTarget.value);
  return (
    <div class="field">
      <label for={kind === "choices" ? undefined : id}>
        {key}
        {isRequired ? <span class="required"> required</span> : null}
      </label>
      {kind === "choices" ? (
        <ChoicesField field={field} text={text} isDisabled={isDisabled} onText={take} />
      ) : kind === "choice" || kind === "boolean" ? (
        <select {...common} value={text} onChange={onInput}>
          <option value="">{presetWords(kind, preset)}</option>
          {kind === "boolean" ? (
            <>
              <option value="true">yes</option>
              <option value="false">no</option>
            </>
          ) : (
            choices.map((choice, place) => (
              <option key={String(choice)} value={String(place)}>
                {String(choice)}
              </option>
            ))
          )}
        </select>
      ) : kind === "long text" || kind === "list" || kind === "json" ? (
        <textarea
          {...common}
          rows={kind === "list" ? 2 : 3}
          placeholder={kind === "list" ? "one a line" : kind === "json" ? "JSON" : preset}
          spellcheck={false}
          value={text}
          onInput={onInput}
        />
      ) : (
        <input
          {...common}
          type="text"
          inputMode={kind === "number" ? "decimal" : "text"}
          placeholder={preset}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          list={key === "series" ? `${id}-names` : undefined}
          value={text}
          onInput={onInput}
        />
      )}
      {key === "series" && !isDisabled ? <SeriesNames id={`${id}-names`} text={text} /> : null}
      {hint === null ? null : (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      <span class="field-problem" id={`${id}-problem`}>
        {shown.join(" ")}
      </span>
    </div>
  );
}

interface ChoicesFieldProps {
  field: Field;
  text: string;
  isDisabled: boolean;
  onText: (text: string) => void;
}

/** Several of some choices; what is given is their places. */
function ChoicesField({ field, text, isDisabled, onText }: ChoicesFieldProps) {
  const chosen = new Set(text.split(",").filter((place) => place !== ""));
  const toggle = (place: string): void => {
    if (!chosen.delete(place)) chosen.add(place);
    onText([...chosen].sort((one, other) => Number(one) - Number(other)).join(","));
  };
  return (
    <fieldset class="command-choices" aria-label={field.key} disabled={isDisabled}>
      {field.choices.map((choice, index) => (
        <label key={String(choice)}>
          <input
            type="checkbox"
            checked={chosen.has(String(index))}
            onChange={() => toggle(String(index))}
          />
          {String(choice)}
        </label>
      ))}
    </fieldset>
  );
}

function presetWords(kind: "choice" | "boolean", preset: string): string {
  if (preset === "") return "–";
  const words = kind === "boolean" ? (preset === "true" ? "yes" : "no") : preset;
  return `${words} (default)`;
}
