import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { FlowModel } from "../contract/files.ts";
import { keepSpacing } from "./keep-spacing.ts";
import { type NodePorts, portsOfNode, usualInput, usualOutput } from "./node-ports.ts";
import { formatWire, parseWire, type Wire } from "./wire.ts";

type NodeModel = FlowModel["nodes"][number];
type WireModel = FlowModel["wires"][number];

/** What a new file begins with: editors then know its schema. */
const HEADER = "# yaml-language-server: $schema=../workflows.schema.json\n";
/** A value that is longer is written over several lines. */
const LINE_LENGTH_MAX = 100;
const NO_PORTS: NodePorts = { inputs: [], outputs: [] };

/**
 * Writes workflows into the text of a file. What has not changed stays as it is written; so do comments, tables and
 * the order. What the text has and `flows` has not is removed.
 *
 * @param text valid YAML, or nothing.
 * @throws Error for a text whose anchors would be lost.
 */
export function editWorkflows(text: string, flows: readonly FlowModel[]): string {
  const document: Document = parseDocument(text.trim() === "" ? HEADER : text, {
    uniqueKeys: false,
  });
  const before = written(document);
  const root = isMap(document.contents) ? document.contents : new YAMLMap(document.schema);
  document.contents = root;
  const all = mapAt(document, root, "flows");
  rename(document, all, flows, ({ nodes }) => ({ nodes: contentOf(nodes) }));
  keepOnly(all, new Set(flows.map(({ name }) => name)));
  for (const flow of flows) editFlow(document, mapAt(document, all, flow.name), flow);
  return keepSpacing(text, before, written(document));
}

function editFlow(document: Document, map: YAMLMap, flow: FlowModel): void {
  const { title, isEnabled, nodes } = flow;
  if ((map.get("title") ?? "") !== title) {
    if (title === "") map.delete("title");
    else put(document, map, "title", title, 0);
  }
  if ((map.get("enabled") ?? true) !== isEnabled) {
    put(document, map, "enabled", isEnabled, map.has("title") ? 1 : 0);
  }
  const own = mapAt(document, map, "nodes");
  const renamed = rename(document, own, nodes, nodeContent);
  keepOnly(own, new Set(nodes.map(({ name }) => name)));
  for (const node of nodes) editNode(document, own, node);
  editWires(document, map, flow, renamed);
}

function editNode(document: Document, nodes: YAMLMap, model: NodeModel): void {
  const node = nodes.get(model.name);
  if (isMap(node)) editMap(document, node, nodeContent(model));
  else put(document, nodes, model.name, nodeContent(model));
}

/** What stands in the file for a node. */
function nodeContent({ type, config }: NodeModel): Readonly<Record<string, unknown>> {
  return { type, ...config };
}

function contentOf(nodes: readonly NodeModel[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(nodes.map((node) => [node.name, nodeContent(node)]));
}

/**
 * What has another name and the same content was renamed: it stays where it is, with its comments.
 *
 * @returns the new names, by the former ones.
 */
function rename<M extends { name: string }>(
  document: Document,
  map: YAMLMap,
  models: readonly M[],
  wanted: (model: M) => Readonly<Record<string, unknown>>,
): Map<string, string> {
  const renamed = new Map<string, string>();
  const names = new Set(models.map(({ name }) => name));
  const left = map.items.filter(({ key }) => !names.has(keyText(key)));
  for (const model of models) {
    if (map.has(model.name)) continue;
    const content = wanted(model);
    const isLike = (value: unknown): boolean => {
      const given: unknown = isNode(value) ? value.toJS(document) : null;
      if (!isRecord(given)) return false;
      return Object.entries(content).every(([key, part]) => isDeepStrictEqual(given[key], part));
    };
    const at = left.findIndex(({ value }) => isLike(value));
    const [pair] = at === -1 ? [] : left.splice(at, 1);
    if (!isScalar(pair?.key)) continue;
    renamed.set(keyText(pair.key), model.name);
    pair.key.value = model.name;
  }
  return renamed;
}

/** Makes a map what is wanted, and leaves alone what is so already. */
function editMap(document: Document, map: YAMLMap, wanted: Readonly<Record<string, unknown>>) {
  keepOnly(map, new Set(Object.keys(wanted)));
  for (const [key, value] of Object.entries(wanted)) {
    const given = map.get(key, true);
    if (isNode(given) && isDeepStrictEqual(given.toJS(document), value)) continue;
    if (isMap(given) && isRecord(value)) editMap(document, given, value);
    else put(document, map, key, value);
  }
}

/** Sets a value; the comment behind the former one stays. @param index where a new key comes. Default: at the end. */
function put(document: Document, map: YAMLMap, key: string, value: unknown, index = Infinity) {
  const created = document.createNode(value);
  if (isCollection(created)) created.flow = isShort(value);
  const pair = pairOf(map, key);
  if (pair === undefined) {
    asLines(map).items.splice(index, 0, document.createPair(key, created));
    return;
  }
  const { value: former } = pair;
  if (isNode(former)) {
    created.commentBefore = former.commentBefore ?? null;
    created.comment = former.comment ?? null;
  }
  if (isScalar(former) && isScalar(created) && typeof value === "string") {
    if (typeof former.value === "string" && former.type !== undefined) created.type = former.type;
  }
  pair.value = created;
}

/** Keeps the wires that are wanted as they are written, and writes the others behind them. */
function editWires(
  document: Document,
  map: YAMLMap,
  { wires, nodes }: FlowModel,
  renamed: ReadonlyMap<string, string>,
): void {
  const nameOf = (node: string): string => renamed.get(node) ?? node;
  const ports = new Map(nodes.map((node) => [node.name, portsOfNode(node)]));
  const missing = new Map(wires.map((wire) => [keyOf(wholeWire(wire), ports), wire]));
  const list = map.get("wires");
  const given = isSeq(list) ? list : new YAMLSeq(document.schema);
  const kept = given.items.filter((item) => {
    if (!isScalar(item) || typeof item.value !== "string") return false;
    const wire = parseWire(item.value);
    if (wire === null) return false;
    const { from, to } = wire;
    if (renamed.has(from.node) || renamed.has(to.node)) {
      from.node = nameOf(from.node);
      to.node = nameOf(to.node);
      item.value = formatWire(wire);
    }
    return missing.delete(keyOf(wire, ports));
  });
  if (missing.size === 0 && kept.length === given.items.length) return;
  given.items = kept;
  for (const wire of missing.values()) {
    given.items.push(document.createNode(formatWire(shortWire(wire, ports))));
  }
  if (given.items.length === 0) map.delete("wires");
  else if (given !== list) map.set("wires", given);
}

/** What a wire connects, with the ends that are meant where it names none. */
function keyOf({ from, to }: Wire, ports: ReadonlyMap<string, NodePorts>): string {
  const output = from.port ?? usualOutput(ports.get(from.node) ?? NO_PORTS);
  const input = to.port ?? usualInput(ports.get(to.node) ?? NO_PORTS);
  return JSON.stringify([
    { node: from.node, output },
    { node: to.node, input },
  ]);
}

function wholeWire({ from, to }: WireModel): Wire {
  return { from: { node: from.node, port: from.output }, to: { node: to.node, port: to.input } };
}

/** An end is left out where the node has no other. */
function shortWire({ from, to }: WireModel, ports: ReadonlyMap<string, NodePorts>): Wire {
  const { outputs } = ports.get(from.node) ?? NO_PORTS;
  const { inputs } = ports.get(to.node) ?? NO_PORTS;
  const isOnly = (all: readonly string[], port: string) => all.length === 1 && all[0] === port;
  return {
    from: { node: from.node, port: isOnly(outputs, from.output) ? null : from.output },
    to: { node: to.node, port: isOnly(inputs, to.input) ? null : to.input },
  };
}

/** The map at a key; made where there is none. */
function mapAt(document: Document, above: YAMLMap, key: string): YAMLMap {
  const found = above.get(key);
  if (isMap(found)) return found;
  const made = new YAMLMap(document.schema);
  asLines(above).set(key, made);
  return made;
}

/** What is empty was written as {}; its first entry begins a line. */
function asLines(map: YAMLMap): YAMLMap {
  if (map.items.length === 0) map.flow = false;
  return map;
}

function keepOnly(map: YAMLMap, keys: ReadonlySet<string>): void {
  map.items = map.items.filter(({ key }) => keys.has(keyText(key)));
  if (map.items.length === 0) map.flow = true;
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyText(pair.key) === key);
}

/** A key may be a number in YAML. */
function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShort(value: unknown): boolean {
  const json = JSON.stringify(value);
  return json.length <= LINE_LENGTH_MAX && !json.includes("\\n");
}

function written(document: Document): string {
  return document.toString({ lineWidth: 0 });
}
