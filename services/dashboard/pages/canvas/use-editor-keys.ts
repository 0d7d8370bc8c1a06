import { useEffect, useRef } from "preact/hooks";

interface Deeds {
  undo: () => void;
  redo: () => void;
  save: () => void;
}

/** Ctrl+Z, Ctrl+Shift+Z, Ctrl+Y and Ctrl+S; a field that is typed into has its own undo. */
export function useEditorKeys(deeds: Deeds): void {
  const newest = useRef(deeds);
  newest.current = deeds;
  useEffect(() => {
    const take = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const deed = deedOf(event);
      if (deed === null) return;
      event.preventDefault();
      newest.current[deed]();
    };
    document.addEventListener("keydown", take);
    return () => document.removeEventListener("keydown", take);
  }, []);
}

function deedOf({ key, shiftKey, target }: KeyboardEvent): keyof Deeds | null {
  if (key.toLowerCase() === "s") return "save";
  const isTyped = target instanceof HTMLElement && target.matches("input, textarea, select");
  if (isTyped) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key.toLowerCase() === "y" ? "redo" : null;
}
