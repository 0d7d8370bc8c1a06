import type { Form } from "./form.ts";

interface CommandFieldProps {
  form: Form;
  label: string;
  describedBy: string;
  isDisabled: boolean;
  isWrong: boolean;
}

/** The field of a command's payload. What a choice stands for is its place in the list. */
export function CommandField({ form, label, describedBy, isDisabled, isWrong }: CommandFieldProps) {
  const common = {
    name: "payload",
    disabled: isDisabled,
    "aria-label": label,
    "aria-describedby": describedBy,
    "aria-invalid": isWrong,
  };
  switch (form.kind) {
    case "none":
      return null;
    case "number":
      return (
        <span class="with-unit">
          <input
            {...common}
            type="text"
            inputMode="decimal"
            size={8}
            placeholder={boundsOf(form)}
            autocomplete="off"
          />
          {form.unit === null ? null : <span class="unit">{form.unit}</span>}
        </span>
      );
    case "text":
      return (
        <input
          {...common}
          type="text"
          maxLength={form.lengthMax}
          placeholder={form.isOptional ? "optional" : ""}
          autocomplete="off"
        />
      );
    case "boolean":
      return (
        <select {...common}>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      );
    case "choice":
      return (
        <select {...common}>
          {form.isOptional ? <option value="">–</option> : null}
          {form.choices.map((choice, place) => (
            <option key={String(choice)} value={place}>
              {String(choice)}
            </option>
          ))}
        </select>
      );
    case "choices":
      return (
        <fieldset class="command-choices" aria-label={label} disabled={isDisabled}>
          {form.choices.map((choice, place) => (
            <label key={String(choice)}>
              <input type="checkbox" name="payload" value={place} />
              {String(choice)}
            </label>
          ))}
        </fieldset>
      );
    case "json":
      return <textarea {...common} rows={3} placeholder="JSON" spellcheck={false} />;
  }
}

function boundsOf({ min, max }: Form & { kind: "number" }): string {
  if (min !== null && max !== null) return `${min} to ${max}`;
  if (min !== null) return `${min} or more`;
  return max === null ? "" : `${max} or less`;
}
