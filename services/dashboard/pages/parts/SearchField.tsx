import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./Icon.tsx";

/** Typing rests for so long before the list is asked for. */
const REST_MS = 150;

interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
}

/** A field that narrows a list while one types. */
export function SearchField({ label, placeholder, value, onChange }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  // An address that changed otherwise, as by the browser's back button, wins.
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="search-field">
      <Icon name="search" />
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          clearTimeout(timer.current);
          const typed = currentTarget.value;
          timer.current = setTimeout(() => onChange(typed.trim()), REST_MS);
        }}
      />
    </label>
  );
}
