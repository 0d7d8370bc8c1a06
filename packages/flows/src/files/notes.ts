import { didYouMean } from "@weir/runtime";
import type { FlowNote } from "../contract/files.ts";
import { Expression } from "../expressions/expression.ts";
import { Template } from "../expressions/template.ts";
import type { StoredSeries } from "./stored-series.ts";
import { type FlowDefinition, tableOf } from "./workflow-file.ts";

/** Notes of one file at most. */
const NOTES_MAX = 100;
/** Names that a note lists. */
const NAMES_MAX = 20;
/** What the data of each run has, whatever began it. */
const ALWAYS = "run";

type Node = FlowDefinition["nodes"][number];

/**
 * What is valid in the workflows of a file and may not be meant.
 *
 * @param stored `null`: nothing is known of the series.
 */
export function notesOf(flows: readonly FlowDefinition[], stored: StoredSeries | null): FlowNote[] {
  return flows.flatMap((flow) => notesOn(flow, stored)).slice(0, NOTES_MAX);
}

function notesOn(flow: FlowDefinition, stored: StoredSeries | null): FlowNote[] {
  const { name, line, nodes, wires } = flow;
  if (!nodes.some(isTrigger)) {
    const words = "nothing begins a run: add a trigger, and wires from it";
    return [{ flow: name, node: null, line, words }];
  }
  const before = nodesBefore(flow);
  return nodes.flatMap((node) => {
    const isBegin = isTrigger(node);
    const isReached = wires.some(({ to }) => to.node === node.name);
    const lines = [...seriesNotes(flow, node, stored)];
    if (isBegin && !wires.some(({ from }) => from.node === node.name)) {
      lines.push("no wire leads on from it: what it finds has no effect");
    }
    if (!isBegin && !isReached) lines.push("no wire leads to it: it never does anything");
    lines.push(...nameNotes(node, before.get(node.name) ?? []));
    return lines.map((words) => ({ flow: name, node: node.name, line: node.line, words }));
  });
}

function isTrigger({ type, config }: Node): boolean {
  return type.begins(config).length > 0;
}

function seriesNotes(
  { name: flow, tables }: FlowDefinition,
  { name, type, config }: Node,
  stored: StoredSeries | null,
): string[] {
  if (stored === null) return [];
  const { sources = [] } = type.create(config, { flow, name, table: tableOf(tables) });
  return sources
    .map((source) => (source.kind === "series" ? stored.whyUnknown(source.series) : null))
    .filter((words) => words !== null);
}

/** Names that neither the runs' triggers nor the nodes before can have brought. */
function nameNotes({ type, config }: Node, before: readonly Node[]): string[] {
  const begun = before.flatMap((one) => one.type.begins(one.config));
  // No run comes here: that is said elsewhere.
  if (begun.length === 0) return [];
  const known = [...new Set([...begun, ...before.map(({ name }) => name), ALWAYS])];
  const expressions = type.expressions(config).flatMap((text) => new Expression(text).names);
  const unknown = new Set(
    [...templatesIn(config).flatMap(namesOf), ...expressions].filter((one) => !known.includes(one)),
  );
  return [...unknown].map((one) => `there is no ${one} in the data${alternatives(one, known)}`);
}

function alternatives(name: string, known: readonly string[]): string {
  const meant = didYouMean(name, known);
  const more = known.length > NAMES_MAX ? ", …" : "";
  return meant === "" ? `; there are ${known.slice(0, NAMES_MAX).join(", ")}${more}` : meant;
}

/** The nodes that runs may have gone through before they reach one; in a circle it is among them itself. */
function nodesBefore({ nodes, wires }: FlowDefinition): ReadonlyMap<string, Node[]> {
  const into = Map.groupBy(wires, ({ to }) => to.node);
  return new Map(
    nodes.map(({ name }) => {
      const found = new Set<string>();
      const open = [name];
      for (let one = open.pop(); one !== undefined; one = open.pop()) {
        for (const { from } of into.get(one) ?? []) {
          if (found.has(from.node)) continue;
          found.add(from.node);
          open.push(from.node);
        }
      }
      return [name, nodes.filter((node) => found.has(node.name))];
    }),
  );
}

/** The texts of a configuration that have placeholders. */
function templatesIn(config: unknown): string[] {
  if (typeof config === "string") return config.includes("{{") ? [config] : [];
  if (typeof config !== "object" || config === null) return [];
  return Object.values(config).flatMap(templatesIn);
}

/** What looks like a template and is none, as in a text of a button, names nothing. */
function namesOf(text: string): readonly string[] {
  try {
    return new Template(text).names;
  } catch {
    return [];
  }
}
