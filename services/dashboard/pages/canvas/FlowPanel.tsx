import type { FlowModel } from "@weir/flows/contract";
import { Icon } from "../parts/Icon.tsx";
import { arranged } from "./arrange.ts";
import { frameOf } from "./boxes.ts";
import { type Drawing, moved, withFlowChanged, withFlowRenamed, withoutFlow } from "./model.ts";
import { NameField } from "./NameField.tsx";
import type { PlacedProblem } from "./problems.ts";
import { RunChoice } from "./RunChoice.tsx";
import { NOTHING, nodeId, type Selection } from "./selection.ts";
import type { Editor } from "./use-editing.ts";
import type { Ways } from "./use-ways.ts";

interface FlowPanelProps {
  editor: Editor;
  flow: FlowModel;
  problems: readonly PlacedProblem[];
  ways: Ways;
  onSelect: (selection: Selection) => void;
  onTest: () => void;
}

/** A workflow as a whole: its name, whether it runs, its nodes and its newest runs. */
export function FlowPanel({ editor, flow, problems, ways, onSelect, onTest }: FlowPanelProps) {
  const isReadOnly = editor.readOnly !== null;
  const state = ways.states.get(flow.name);
  const own = problems.filter((one) => one.flow === flow.name && one.node === null);
  return (
    <>
      <header>
        <h2>{flow.name}</h2>
        <p class="quiet">{state === undefined ? "Not saved yet." : stateWords(state)}</p>
      </header>
      {own.length === 0 ? null : (
        <ul class="panel-problems">
          {own.map(({ line, words, isNote }) => (
            <li key={line} class={isNote ? "note-line" : ""}>
              {words}
            </li>
          ))}
        </ul>
      )}
      <NameField
        label="Name"
        name={flow.name}
        taken={editor.draft.flows.map(({ name }) => name)}
        isDisabled={isReadOnly}
        onName={(name) => {
          editor.draw((now) => withFlowRenamed(now, flow.name, name));
          onSelect(new Set([name]));
        }}
      />
      <label class="field">
        What it is for
        <input
          type="text"
          maxLength={200}
          value={flow.title}
          disabled={isReadOnly}
          onInput={({ currentTarget: { value: title } }) =>
            editor.draw((now) => withFlowChanged(now, flow.name, { title }), `title ${flow.name}`)
          }
        />
      </label>
      <label class="switch">
        <input
          type="checkbox"
          checked={flow.isEnabled}
          disabled={isReadOnly}
          onChange={({ currentTarget: { checked: isEnabled } }) =>
            editor.draw((now) => withFlowChanged(now, flow.name, { isEnabled }))
          }
        />
        It runs
      </label>
      {flow.nodes.length === 0 ? (
        <p class="quiet">It has no nodes yet. Add the first one from the list of nodes.</p>
      ) : (
        <div>
          <h3>Nodes</h3>
          <ul class="node-names">
            {flow.nodes.map(({ name }) => (
              <li key={name}>
                <button
                  type="button"
                  class="link"
                  onClick={() => onSelect(new Set([nodeId({ flow: flow.name, node: name })]))}
                >
                  {name}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
      {state === undefined ? null : <RunChoice flow={flow.name} ways={ways} />}
      <footer>
        <button type="button" class="plain" disabled={isReadOnly} onClick={onTest}>
          <Icon name="play" />
          Test…
        </button>
        {isReadOnly ? null : (
          <>
            <button
              type="button"
              class="plain"
              onClick={() => editor.draw((now) => rearranged(now, flow.name))}
            >
              Arrange
            </button>
            <button
              type="button"
              class="plain"
              onClick={() => {
                editor.draw((now) => withoutFlow(now, flow.name));
                onSelect(NOTHING);
              }}
            >
              <Icon name="trash" />
              Delete
            </button>
          </>
        )}
      </footer>
    </>
  );
}

function stateWords({ state, reason }: { state: string; reason: string | null }): string {
  return reason === null ? `Saved: ${state}.` : `Saved: ${state}, ${reason}.`;
}

/** Arranges the boxes of a workflow where it is. */
function rearranged(drawing: Drawing, name: string): Drawing {
  const flow = drawing.flows.find((one) => one.name === name);
  if (flow === undefined) return drawing;
  const { x, y } = frameOf(flow, drawing.layout, { x: 0, y: 0 });
  const places = Object.entries(arranged(flow, { x, y }));
  return moved(
    drawing,
    places.map(([node, place]) => ({ flow: name, node, place })),
  );
}
