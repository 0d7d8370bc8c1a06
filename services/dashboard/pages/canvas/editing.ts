import type { CheckedText, FlowNote, Layout, WorkflowFile } from "@weir/flows/contract";
import { withPlaces } from "./arrange.ts";
import { begun, completed, gone, type History, redone, undone } from "./history.ts";
import type { Drawing } from "./model.ts";

/** A step of the work on a file: its text, and what is drawn of it. */
export interface Draft extends Drawing {
  readonly text: string;
  /** The workflows have changed since; the text is written by the server. */
  readonly isTextBehind: boolean;
  /** The text cannot be read: what is drawn is what could be read last. */
  readonly isUnreadable: boolean;
}

/** The work on a file. */
export interface Editing {
  /** What is saved; no revision: it is a new file. */
  readonly saved: { text: string; layout: Layout; revision: string | null };
  readonly history: History<Draft>;
  readonly problems: readonly string[];
  /** What is valid and may not be meant. */
  readonly notes: readonly FlowNote[];
  /** Workflows that cannot run. */
  readonly invalid: readonly string[];
  /** What the problems are of. */
  readonly checked: Draft;
}

/** Begins with what a file holds. @param file `null`: there is none yet. */
export function opened(file: WorkflowFile | null): Editing {
  const { text, flows, layout, revision, problems, notes, invalid } = file ?? NEW_FILE;
  const draft: Draft = {
    text,
    flows,
    layout: withPlaces(flows, layout),
    isTextBehind: false,
    isUnreadable: flows.length === 0 && problems.length > 0,
  };
  const saved = { text, layout: draft.layout, revision };
  return { saved, history: begun(draft), problems, notes, invalid, checked: draft };
}

const NEW_FILE = {
  ...{ text: "", flows: [], layout: {}, revision: null },
  ...{ problems: [], notes: [], invalid: [] },
};

export function draftOf({ history }: Editing): Draft {
  return history.now;
}

/** Goes on with another drawing. @param key changes of one key are taken back together. */
export function drawn(editing: Editing, drawing: Drawing, key: string | null = null): Editing {
  const before = draftOf(editing);
  const isTextBehind = before.isTextBehind || drawing.flows !== before.flows;
  const { flows, layout } = drawing;
  return {
    ...editing,
    history: gone(editing.history, { ...before, flows, layout, isTextBehind }, key),
  };
}

/** Goes on with a text that somebody has typed; what it holds is found by the next check. */
export function typed(editing: Editing, text: string): Editing {
  const draft = { ...draftOf(editing), text, isTextBehind: false };
  return { ...editing, history: gone(editing.history, draft, "text") };
}

export function takenBack(editing: Editing): Editing {
  return { ...editing, history: undone(editing.history) };
}

export function restored(editing: Editing): Editing {
  return { ...editing, history: redone(editing.history) };
}

/** Whether text or workflows are others than those that the problems are of. */
export function needsCheck(editing: Editing): boolean {
  const { text, flows, isTextBehind } = draftOf(editing);
  const { checked } = editing;
  return isTextBehind || text !== checked.text || flows !== checked.flows;
}

/** What the server found in a draft. An answer about an older one says nothing. */
export function answered(editing: Editing, asked: Draft, answer: CheckedText): Editing {
  const now = draftOf(editing);
  if (now.text !== asked.text || now.flows !== asked.flows) return editing;
  const { text, flows, problems, notes, invalid } = answer;
  // A text that the server has written can be read.
  const isUnreadable = !asked.isTextBehind && flows.length === 0 && problems.length > 0;
  const known = isUnreadable ? now.flows : flows;
  const draft: Draft = {
    text,
    flows: known,
    layout: withPlaces(known, now.layout),
    isTextBehind: false,
    isUnreadable,
  };
  const history = completed(editing.history, draft);
  return { ...editing, history, problems, notes, invalid, checked: draft };
}

/** The file was saved; what was drawn since then stays. */
export function stored(editing: Editing, { text, layout, revision }: WorkflowFile): Editing {
  return { ...editing, saved: { text, layout, revision } };
}

/** Whether there is anything to save. */
export function isChanged(editing: Editing): boolean {
  const { text, layout, isTextBehind } = draftOf(editing);
  const { saved } = editing;
  return isTextBehind || text !== saved.text || !isSameLayout(layout, saved.layout);
}

function isSameLayout(one: Layout, other: Layout): boolean {
  return one === other || sorted(one) === sorted(other);
}

function sorted(layout: Layout): string {
  const places = Object.entries(layout).flatMap(([flow, nodes]) =>
    Object.entries(nodes).map(([node, { x, y }]) => `${flow}/${node} ${x} ${y}`),
  );
  return places.sort().join("\n");
}
