import type { FlowModel, NodeTypeInfo } from "@weir/flows/contract";
import { Icon } from "../parts/Icon.tsx";
import { ConfigField } from "./ConfigField.tsx";
import { fieldsOf } from "./fields.ts";
import {
  duplicated,
  type FlowNode,
  findNode,
  withConfig,
  withNodeRenamed,
  without,
} from "./model.ts";
import { NameField } from "./NameField.tsx";
import { NodeMark } from "./NodeMark.tsx";
import type { PlacedProblem } from "./problems.ts";
import { NOTHING, nodeId, type Selection } from "./selection.ts";
import type { Editor } from "./use-editing.ts";
import type { ShownRun } from "./use-ways.ts";
import { WireList } from "./WireList.tsx";

interface NodePanelProps {
  editor: Editor;
  flow: FlowModel;
  node: FlowNode;
  /** `null`: there is no such type. */
  type: NodeTypeInfo | null;
  problems: readonly PlacedProblem[];
  shown: ShownRun | null;
  onSelect: (selection: Selection) => void;
}

/** What a node does: its name, configuration, wires, and what the shown run left at it. */
export function NodePanel(props: NodePanelProps) {
  const { editor, flow, node, type, problems, shown, onSelect } = props;
  const at = { flow: flow.name, node: node.name };
  const isReadOnly = editor.readOnly !== null;
  const own = problems.filter((one) => one.flow === at.flow && one.node === at.node);
  const fields = fieldsOf(type?.schema ?? {});
  const keys = new Set(fields.map(({ key }) => key));
  const others = own.filter(({ key }) => key === null || !keys.has(key));
  const unknown = type === null ? [] : Object.keys(node.config).filter((key) => !keys.has(key));
  const setKey = (key: string, value: unknown): void =>
    editor.draw(
      (now) => {
        const config = findNode(now, at)?.config ?? {};
        const { [key]: _, ...rest } = config;
        return withConfig(now, at, value === undefined ? rest : { ...config, [key]: value });
      },
      `config ${nodeId(at)} ${key}`,
    );
  return (
    <>
      <header>
        <h2>{node.name}</h2>
        <p class="quiet">
          {node.type}
          {type === null ? "" : `: ${type.summary}`}
        </p>
      </header>
      {others.length === 0 ? null : (
        <ul class="panel-problems">
          {others.map(({ line, words, key, isNote }) => (
            <li key={line} class={isNote ? "note-line" : ""}>
              {key === null ? words : `${key}: ${words}`}
            </li>
          ))}
        </ul>
      )}
      <NameField
        label="Name"
        name={node.name}
        taken={flow.nodes.map(({ name }) => name)}
        isDisabled={isReadOnly}
        onName={(name) => {
          editor.draw((now) => withNodeRenamed(now, at, name));
          onSelect(new Set([nodeId({ ...at, node: name })]));
        }}
      />
      {fields.map((field) => (
        <ConfigField
          key={`${nodeId(at)} ${field.key}`}
          field={field}
          value={node.config[field.key]}
          problems={own.filter(({ key }) => key === field.key).map(({ words }) => words)}
          isDisabled={isReadOnly}
          onValue={(value) => setKey(field.key, value)}
        />
      ))}
      {unknown.map((key) => (
        <p class="unknown" key={key}>
          <span>
            <code>{key}</code> is no key of this type.
          </span>
          {isReadOnly ? null : (
            <button type="button" class="link" onClick={() => setKey(key, undefined)}>
              Remove it
            </button>
          )}
        </p>
      ))}
      <WireList editor={editor} flow={flow} node={node} />
      {shown === null ? null : <NodeMark shown={shown} node={node.name} />}
      {isReadOnly ? null : (
        <footer>
          <button
            type="button"
            class="plain"
            onClick={() => {
              // The same edit, so that the copy is the one that is selected.
              const { copies } = duplicated(editor.draft, [at]);
              editor.draw((now) => duplicated(now, [at]).drawing);
              onSelect(new Set(copies.map(nodeId)));
            }}
          >
            <Icon name="copy" />
            Duplicate
          </button>
          <button
            type="button"
            class="plain"
            onClick={() => {
              editor.draw((now) => without(now, { nodes: [at] }));
              onSelect(NOTHING);
            }}
          >
            <Icon name="trash" />
            Delete
          </button>
        </footer>
      )}
    </>
  );
}
