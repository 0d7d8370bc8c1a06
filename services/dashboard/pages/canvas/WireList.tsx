import type { FlowModel } from "@weir/flows/contract";
import { useId } from "preact/hooks";
import { Icon } from "../parts/Icon.tsx";
import { wireWords } from "./canvas-parts.ts";
import { type FlowNode, type Wire, wireId, without, withWire } from "./model.ts";
import type { Editor } from "./use-editing.ts";

interface WireListProps {
  editor: Editor;
  flow: FlowModel;
  node: FlowNode;
}

/** The wires of a node: what leads on and what leads here, to connect and to cut without a pointer. */
export function WireList({ editor, flow, node }: WireListProps) {
  const isReadOnly = editor.readOnly !== null;
  const arriving = flow.wires.filter(({ to }) => to.node === node.name);
  return (
    <div class="wire-list">
      <h3>Wires</h3>
      {node.outputs.map((output) => (
        <Output key={output} editor={editor} flow={flow} node={node} output={output} />
      ))}
      {arriving.length === 0 ? null : (
        <ul aria-label="Wires to this node">
          {arriving.map((wire) => (
            <li key={wireId(flow.name, wire)}>
              <span>
                {wire.from.node}.{wire.from.output} → {wire.to.input}
              </span>
              {isReadOnly ? null : <Cut editor={editor} flow={flow.name} wire={wire} />}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Output({ editor, flow, node, output }: WireListProps & { output: string }) {
  const id = useId();
  const leaving = flow.wires.filter(
    ({ from }) => from.node === node.name && from.output === output,
  );
  const ends = flow.nodes
    .filter(({ name }) => name !== node.name)
    .flatMap(({ name, inputs }) => inputs.map((input) => ({ node: name, input })))
    .filter(
      (to) => !leaving.some((wire) => wire.to.node === to.node && wire.to.input === to.input),
    );
  const isReadOnly = editor.readOnly !== null;
  if (isReadOnly && leaving.length === 0) return null;
  return (
    <div class="output">
      <label for={id}>{output} →</label>
      <ul aria-label={`Wires of ${output}`}>
        {leaving.map((wire) => (
          <li key={wireId(flow.name, wire)}>
            <span>
              {wire.to.node}.{wire.to.input}
            </span>
            {isReadOnly ? null : <Cut editor={editor} flow={flow.name} wire={wire} />}
          </li>
        ))}
      </ul>
      {isReadOnly ? null : (
        <select
          id={id}
          value=""
          disabled={ends.length === 0}
          onChange={({ currentTarget }) => {
            const to = ends[Number(currentTarget.value)];
            currentTarget.value = "";
            if (to === undefined) return;
            const wire = { from: { node: node.name, output }, to };
            editor.draw((now) => withWire(now, { flow: flow.name, wire }));
          }}
        >
          <option value="">Connect to…</option>
          {ends.map((to, place) => (
            <option key={`${to.node}.${to.input}`} value={place}>
              {to.node}.{to.input}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Cut({ editor, flow, wire }: { editor: Editor; flow: string; wire: Wire }) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Delete the wire ${wireWords(wire)}`}
      onClick={() => editor.draw((now) => without(now, { wires: [{ flow, wire }] }))}
    >
      <Icon name="close" />
    </button>
  );
}
