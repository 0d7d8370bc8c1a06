import { Icon } from "../parts/Icon.tsx";
import type { Editor } from "./use-editing.ts";

interface ToolbarProps {
  editor: Editor;
  onAddFlow: () => void;
  onRemove: () => void;
  canTest: boolean;
  onTest: () => void;
  onSave: () => void;
}

/** What can be done with the file as a whole. */
export function Toolbar({ editor, onAddFlow, onRemove, ...props }: ToolbarProps) {
  const { editing, isChanged, readOnly, undo, redo } = editor;
  const { canTest, onTest, onSave } = props;
  const { past, future } = editing.history;
  if (readOnly !== null) return <a href="/workflows">Workflows</a>;
  return (
    <div class="canvas-toolbar">
      <a href="/workflows">Workflows</a>
      <span class="quiet" role="status">
        {isChanged ? "not saved" : editing.saved.revision === null ? "new" : "saved"}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label="Undo"
        aria-keyshortcuts="Control+Z"
        title="Undo (Ctrl+Z)"
        disabled={past.length === 0}
        onClick={undo}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Redo"
        aria-keyshortcuts="Control+Shift+Z"
        title="Redo (Ctrl+Shift+Z)"
        disabled={future.length === 0}
        onClick={redo}
      >
        <Icon name="redo" />
      </button>
      {editing.saved.revision === null ? null : (
        <button
          type="button"
          class="icon-button"
          aria-label="Delete the file…"
          title="Delete the file…"
          onClick={onRemove}
        >
          <Icon name="trash" />
        </button>
      )}
      <button type="button" class="plain" onClick={onAddFlow}>
        <Icon name="plus" />
        Add a workflow
      </button>
      <button type="button" class="plain" disabled={!canTest} onClick={onTest}>
        <Icon name="play" />
        Test on the past…
      </button>
      <button type="button" class="main" disabled={!isChanged} onClick={onSave}>
        Save…
      </button>
    </div>
  );
}
