import { useEffect, useRef } from "preact/hooks";
import type { Editor } from "./use-editing.ts";

/** The text of the file, as it is saved. @param line which line to go to; a new object goes there once more. */
export function YamlTab({ editor, line }: { editor: Editor; line: { number: number } | null }) {
  const { text, isTextBehind } = editor.draft;
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (line === null || area.current === null) return;
    const lines = area.current.value.split("\n");
    const start = lines.slice(0, line.number - 1).join("\n").length + (line.number > 1 ? 1 : 0);
    area.current.focus();
    area.current.setSelectionRange(start, start + (lines[line.number - 1]?.length ?? 0));
  }, [line]);
  return (
    <textarea
      ref={area}
      class="yaml"
      aria-label={`Text of ${editor.file}.yaml`}
      aria-busy={isTextBehind}
      rows={Math.min(60, Math.max(16, text.split("\n").length + 1))}
      wrap="off"
      spellcheck={false}
      autocapitalize="none"
      // What was drawn has to be in the text before it is typed into.
      readOnly={editor.readOnly !== null || isTextBehind}
      value={text}
      onInput={({ currentTarget }) => editor.type(currentTarget.value)}
    />
  );
}
