import type { NodeTypeInfo } from "@weir/flows/contract";
import { useState } from "preact/hooks";
import { SearchField } from "../parts/SearchField.tsx";

/** What a type that is dragged is called in the data of the drag. */
export const DRAGGED_TYPE = "application/x-weir-node-type";

const GROUPS = [
  { group: "trigger", title: "Triggers" },
  { group: "condition", title: "Conditions" },
  { group: "data", title: "Data" },
  { group: "action", title: "Actions" },
] as const;

interface PaletteProps {
  types: readonly NodeTypeInfo[];
  onAdd: (type: string) => void;
}

/** The types of nodes, to add by a click, a drag or a key. */
export function Palette({ types, onAdd }: PaletteProps) {
  const [text, setText] = useState("");
  /** What the button with the focus is for: a tooltip is for pointers. */
  const [focused, setFocused] = useState("");
  const words = text.toLowerCase().split(/\s+/);
  const found = types.filter(({ type, summary }) =>
    words.every((word) => `${type} ${summary}`.toLowerCase().includes(word)),
  );
  return (
    <section class="palette" aria-label="Nodes to add">
      <SearchField label="Find a node" placeholder="Find a node" value={text} onChange={setText} />
      {GROUPS.map(({ group, title }) => {
        const own = found.filter((type) => type.group === group);
        if (own.length === 0) return null;
        return (
          <div key={group}>
            <h2>{title}</h2>
            <ul>
              {own.map(({ type, summary }) => (
                <li key={type}>
                  <button
                    type="button"
                    draggable
                    title={summary}
                    onFocus={({ currentTarget }) => {
                      if (currentTarget.matches(":focus-visible")) setFocused(summary);
                    }}
                    onBlur={() => setFocused("")}
                    onDragStart={({ dataTransfer }) => dataTransfer?.setData(DRAGGED_TYPE, type)}
                    onClick={() => onAdd(type)}
                  >
                    <span class="hidden">Add </span>
                    {type}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
      {focused === "" ? null : (
        <p class="palette-summary" aria-hidden="true">
          {focused}
        </p>
      )}
      {found.length === 0 ? <p class="quiet">No node is called so.</p> : null}
    </section>
  );
}
