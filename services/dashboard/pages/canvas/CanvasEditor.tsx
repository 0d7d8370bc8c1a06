import type { NodeTypeInfo, WorkflowFile, Workflows } from "@weir/flows/contract";
import { useEffect, useRef, useState } from "preact/hooks";
import { session } from "../api.ts";
import { ErrorNote } from "../parts/Notes.tsx";
import { Tabs } from "../parts/Tabs.tsx";
import { useDeed } from "../parts/use-deed.ts";
import { go, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";
import { workflowsApi } from "../workflows/workflows-api.ts";
import { framesOf, insideOf, nearestFrame } from "./boxes.ts";
import { canvasApi } from "./canvas-api.ts";
import { opened } from "./editing.ts";
import { FlowCanvas } from "./FlowCanvas.tsx";
import { freeName, type NodeAt, nameProblem, type Place, withFlow, withNode } from "./model.ts";
import { Palette } from "./Palette.tsx";
import { ProblemList } from "./ProblemList.tsx";
import { type PlacedProblem, placed, placedNote } from "./problems.ts";
import { SaveDialog } from "./SaveDialog.tsx";
import { SidePanel } from "./SidePanel.tsx";
import { flowFor, NOTHING, nodeId, type Selection, selectedOf } from "./selection.ts";
import { Toolbar } from "./Toolbar.tsx";
import { TrialDialog } from "./TrialDialog.tsx";
import { useEditing } from "./use-editing.ts";
import { useEditorKeys } from "./use-editor-keys.ts";
import { useNarrow } from "./use-narrow.ts";
import { useWays } from "./use-ways.ts";
import { bringIntoView, type Flow } from "./view.ts";
import { YamlTab } from "./YamlTab.tsx";

interface CanvasEditorProps {
  file: string;
  /** `null`: there is no such file yet. */
  found: WorkflowFile | null;
  types: readonly NodeTypeInfo[];
}

const TABS = [
  { name: "canvas", title: "Canvas" },
  { name: "yaml", title: "YAML" },
] as const;

/** Draws, tests and saves the workflows of a file. */
export function CanvasEditor({ file, found, types }: CanvasEditorProps) {
  const [first] = useState(() => opened(found));
  const ways = useWays(file);
  const readOnly = readOnlyReason(ways.workflows.value, useNarrow());
  const editor = useEditing(file, first, readOnly);
  const asked = place.value.query.get("flow");
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [tab, setTab] = useState<(typeof TABS)[number]["name"]>("canvas");
  const [line, setLine] = useState<{ number: number } | null>(null);
  const [dialog, setDialog] = useState<"save" | "trial" | null>(null);
  const canvas = useRef<Flow | null>(null);
  /** What is to be brought into view once it is drawn. */
  const [wanted, show] = useState(asked);
  const press = useDeed(
    (at: NodeAt) => workflowsApi.press(at.flow, at.node),
    ways.workflows.reload,
  );
  const byType = new Map(types.map((type) => [type.type, type]));
  const problems = [
    ...editor.editing.problems.map(placed),
    ...editor.editing.notes.map(placedNote),
  ];
  const { draft } = editor;

  useEffect(() => {
    if (wanted !== null && canvas.current !== null && bringIntoView(canvas.current, wanted)) {
      show(null);
    }
  });
  useEditorKeys({
    undo: editor.undo,
    redo: editor.redo,
    save: () => {
      if (editor.isChanged) setDialog("save");
    },
  });

  const newFlowName = (): string => {
    const wish = asked ?? file;
    const taken = draft.flows.map(({ name }) => name);
    return freeName(nameProblem(wish, []) === null ? wish : "workflow", taken);
  };
  /** A new node goes where it was dropped, else beside the others of its workflow. */
  const add = (typeName: string, at: Place | null): void => {
    const type = byType.get(typeName);
    if (type === undefined || draft.isUnreadable) return;
    const frames = framesOf(draft.flows, draft.layout);
    const under = at === null ? null : nearestFrame(frames, at);
    const flow = under ?? flowFor(draft, selection) ?? newFlowName();
    const base = draft.flows.some(({ name }) => name === flow) ? draft : withFlow(draft, flow);
    const frame = framesOf(base.flows, base.layout).get(flow);
    const isEmpty = !base.flows.some(({ name, nodes }) => name === flow && nodes.length > 0);
    const inside = frame === undefined ? { x: 0, y: 0 } : insideOf(frame, isEmpty);
    const { drawing, node } = withNode(base, flow, type, at ?? inside);
    editor.draw(() => drawing);
    setSelection(new Set([nodeId({ flow, node })]));
    if (at === null) show(nodeId({ flow, node }));
  };
  const addFlow = (): void => {
    const name = newFlowName();
    editor.draw((now) => withFlow(now, name));
    setSelection(new Set([name]));
    show(name);
  };
  const choose = ({ flow, node, lineNumber }: PlacedProblem): void => {
    if (tab === "canvas" && flow !== null) {
      const id = node === null ? flow : nodeId({ flow, node });
      setSelection(new Set([id]));
      show(id);
    } else {
      setTab("yaml");
      if (lineNumber !== null) setLine({ number: lineNumber });
    }
  };
  const remove = useDeed(async () => {
    const { revision } = editor.editing.saved;
    const count = draft.flows.length;
    const what = count === 1 ? "its workflow" : `its ${count} workflows`;
    if (revision === null || !confirm(`Delete ${file}.yaml with ${what}?`)) return;
    await canvasApi.remove(file, revision);
    editor.forget();
    go("/workflows");
  });
  const isAnythingSelected = Object.values(selectedOf(draft, selection)).some(
    ({ length }) => length > 0,
  );
  const flowToTest = flowFor(
    draft,
    isAnythingSelected || asked === null ? selection : new Set([asked]),
  );
  const isSideShown = isAnythingSelected || problems.length > 0;
  return (
    <Page
      title={file}
      aside={
        <Toolbar
          editor={editor}
          onAddFlow={addFlow}
          onRemove={() => void remove.act()}
          canTest={flowToTest !== null}
          onTest={() => setDialog("trial")}
          onSave={() => setDialog("save")}
        />
      }
    >
      {readOnly === null ? null : <p class="quiet">{readOnly}</p>}
      {editor.checkProblem === null ? null : <ErrorNote problem={editor.checkProblem} />}
      {press.problem === null ? null : <ErrorNote problem={press.problem} />}
      {remove.problem === null ? null : <ErrorNote problem={remove.problem} />}
      {draft.isUnreadable ? (
        <p class="note stale" role="alert">
          The text cannot be read; the canvas shows what it was before. Mend it under YAML.
        </p>
      ) : null}
      <Tabs label="Ways to look at the file" tabs={TABS} chosen={tab} onChoose={setTab}>
        {tab === "yaml" ? (
          <>
            <YamlTab editor={editor} line={line} />
            <ProblemList problems={problems} onChoose={choose} />
          </>
        ) : (
          <div
            class={`canvas-page ${readOnly === null ? "" : "read-only"} ${isSideShown ? "with-side" : ""}`}
          >
            {readOnly === null ? <Palette types={types} onAdd={(type) => add(type, null)} /> : null}
            <FlowCanvas
              editor={editor}
              selection={selection}
              onSelect={setSelection}
              problems={problems}
              ways={ways}
              summaryOf={(type) => byType.get(type)?.summary ?? ""}
              press={readOnly === null ? (at) => void press.act(at) : null}
              onDrop={add}
              onShow={show}
              onReady={(flow) => {
                canvas.current = flow;
              }}
            />
            <div class={isSideShown ? "canvas-side" : "hidden"}>
              {isAnythingSelected ? (
                <SidePanel
                  editor={editor}
                  selection={selection}
                  onSelect={setSelection}
                  types={byType}
                  problems={problems}
                  ways={ways}
                  onTest={() => setDialog("trial")}
                />
              ) : null}
              <ProblemList problems={problems} onChoose={choose} />
            </div>
          </div>
        )}
      </Tabs>
      {dialog === "save" ? (
        <SaveDialog
          editor={editor}
          onClose={() => setDialog(null)}
          onSaved={() => {
            setDialog(null);
            ways.workflows.reload();
          }}
        />
      ) : null}
      {dialog === "trial" && flowToTest !== null ? (
        <TrialDialog editor={editor} flow={flowToTest} onClose={() => setDialog(null)} />
      ) : null}
    </Page>
  );
}

/** Why nothing can be changed; `null`: it can. */
function readOnlyReason(workflows: Workflows | null, isNarrow: boolean): string | null {
  const user = session.value?.user;
  if (user?.role === "viewer") return `Only operators change workflows; ${user.name} is a viewer.`;
  if (workflows?.isWritable === false) {
    return `Workflows cannot be saved: the service may not write to ${workflows.folder}.`;
  }
  return isNarrow
    ? "On a small screen workflows can be looked at. A wider one also changes them."
    : null;
}
