import { useState } from "preact/hooks";
import { Icon } from "./Icon.tsx";

const SHOWN_MS = 2_000;

/** Lines to copy, such as a command. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const [state, setState] = useState<"idle" | "copied" | "select">("idle");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
      setTimeout(() => setState("idle"), SHOWN_MS);
    } catch {
      // Browsers offer the clipboard to https and localhost alone.
      setState("select");
    }
  };
  return (
    <div class="copyable">
      {/* A region that scrolls is reached by the keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
      <button type="button" class="plain" onClick={() => void copy()}>
        <Icon name={state === "copied" ? "check" : "copy"} />
        <span aria-live="polite">
          {state === "idle" ? "Copy" : state === "copied" ? "Copied" : "Select the text to copy it"}
        </span>
      </button>
    </div>
  );
}
