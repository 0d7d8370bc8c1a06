import type { NodeTypeInfo } from "@weir/flows/contract";
import { Icon } from "../parts/Icon.tsx";
import { wireWords } from "./canvas-parts.ts";
import { FlowPanel } from "./FlowPanel.tsx";
import { duplicated, findNode, without } from "./model.ts";
import { NodePanel } from "./NodePanel.tsx";
import type { PlacedProblem } from "./problems.ts";
import { NOTHING, nodeId, type Selection, selectedOf } from "./selection.ts";
import type { Editor } from "./use-editing.ts";
import type { Ways } from "./use-ways.ts";

interface SidePanelProps {
  editor: Editor;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  types: ReadonlyMap<string, NodeTypeInfo>;
  problems: readonly PlacedProblem[];
  ways: Ways;
  onTest: () => void;
}

/** What can be seen and changed about what is selected. */
export function SidePanel(props: SidePanelProps) {
  return (
    <section class="side-panel" aria-label="Selected">
      <Contents {...props} />
      <button
        type="button"
        class="icon-button side-close"
        aria-label="Close"
        title="Close"
        onClick={() => props.onSelect(NOTHING)}
      >
        <Icon name="close" />
      </button>
    </section>
  );
}

function Contents(props: SidePanelProps) {
  const { editor, selection, types, ways } = props;
  const selected = selectedOf(editor.draft, selection);
  const { nodes, wires, flows } = selected;
  const [at, wireAt, flow] = [nodes[0], wires[0], flows[0]];
  const count = nodes.length + wires.length;
  if (count > 1) return <Several {...props} selected={selected} />;
  if (at !== undefined) {
    const node = findNode(editor.draft, at);
    const own = editor.draft.flows.find(({ name }) => name === at.flow);
    if (node === undefined || own === undefined) return null;
    const type = types.get(node.type) ?? null;
    const shown = ways.shown.get(at.flow) ?? null;
    return <NodePanel {...props} flow={own} node={node} type={type} shown={shown} />;
  }
  if (wireAt !== undefined) {
    return (
      <>
        <header>
          <h2>Wire</h2>
          <p>{wireWords(wireAt.wire)}</p>
        </header>
        <Delete {...props} selected={selected} />
      </>
    );
  }
  return flow === undefined ? null : <FlowPanel {...props} flow={flow} />;
}

type SeveralProps = SidePanelProps & { selected: ReturnType<typeof selectedOf> };

function Several(props: SeveralProps) {
  const { editor, onSelect, selected } = props;
  const { nodes, wires } = selected;
  return (
    <>
      <header>
        <h2>{nodes.length + wires.length} selected</h2>
        <p class="quiet">{nodes.map(({ node }) => node).join(", ")}</p>
      </header>
      {editor.readOnly !== null || nodes.length === 0 ? null : (
        <footer>
          <button
            type="button"
            class="plain"
            onClick={() => {
              const { copies } = duplicated(editor.draft, nodes);
              editor.draw((now) => duplicated(now, nodes).drawing);
              onSelect(new Set(copies.map(nodeId)));
            }}
          >
            <Icon name="copy" />
            Duplicate
          </button>
        </footer>
      )}
      <Delete {...props} />
    </>
  );
}

function Delete({ editor, onSelect, selected }: SeveralProps) {
  if (editor.readOnly !== null) return null;
  return (
    <footer>
      <button
        type="button"
        class="plain"
        onClick={() => {
          editor.draw((now) => without(now, selected));
          onSelect(NOTHING);
        }}
      >
        <Icon name="trash" />
        Delete
      </button>
    </footer>
  );
}
