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
import { formatWire, parseWire, type Wire } from "./wire.ts";

type NodeModel = FlowModel["nodes"][number];
type WireModel = FlowModel["wires"][number];

/** What a new file begins with: editors then know its schema. */
const HEADER = "# yaml-language-server: $schema=../workflows.schema.json\n";
/** A value that is longer is written over several lines. */
const LINE_LENGTH_MAX = 100;

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
  asLines(root);
  const all = mapAt(document, root, "flows");
  keepOnly(all, new Set(flows.map(({ name }) => name)));
  for (const flow of flows) editFlow(document, mapAt(document, all, flow.name), flow);
  return keepSpacing(text, before, written(document));
}

function editFlow(document: Document, map: YAMLMap, flow: FlowModel): void {
  const { title, isEnabled, nodes, wires } = flow;
  if ((map.get("title") ?? "") !== title) {
    if (title === "") map.delete("title");
    else put(document, map, "title", title, 0);
  }
  if ((map.get("enabled") ?? true) !== isEnabled) {
    put(document, map, "enabled", isEnabled, map.has("title") ? 1 : 0);
  }
  const own = mapAt(document, map, "nodes");
  keepOnly(own, new Set(nodes.map(({ name }) => name)));
  for (const node of nodes) editNode(document, own, node);
  editWires(document, map, wires, nodes);
}

function editNode(document: Document, nodes: YAMLMap, { name, type, config }: NodeModel): void {
  const wanted = { type, ...config };
  const node = nodes.get(name);
  if (isMap(node)) editMap(document, node, wanted);
  else put(document, nodes, name, wanted);
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
    map.items.splice(index, 0, document.createPair(key, created));
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
  wires: readonly WireModel[],
  nodes: readonly NodeModel[],
): void {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const missing = new Map(wires.map((wire) => [JSON.stringify([wire.from, wire.to]), wire]));
  const list = map.get("wires");
  const given = isSeq(list) ? list : new YAMLSeq(document.schema);
  const kept = given.items.filter((item) => {
    const wire = isScalar(item) && typeof item.value === "string" ? parseWire(item.value) : null;
    return wire !== null && missing.delete(keyOf(wire, byName));
  });
  if (missing.size === 0 && kept.length === given.items.length) return;
  given.items = kept;
  for (const wire of missing.values()) {
    given.items.push(document.createNode(formatWire(shortWire(wire, byName))));
  }
  if (given.items.length === 0) map.delete("wires");
  else if (given !== list) map.set("wires", given);
}

/** What a wire connects, with the ends that are meant where it names none. */
function keyOf({ from, to }: Wire, nodes: ReadonlyMap<string, NodeModel>): string {
  const output = from.port ?? nodes.get(from.node)?.outputs[0];
  const input = to.port ?? nodes.get(to.node)?.inputs[0];
  return JSON.stringify([
    { node: from.node, output },
    { node: to.node, input },
  ]);
}

/** An end is left out where the node has no other. */
function shortWire({ from, to }: WireModel, nodes: ReadonlyMap<string, NodeModel>): Wire {
  const outputs = nodes.get(from.node)?.outputs.filter((output) => output !== "error") ?? [];
  const inputs = nodes.get(to.node)?.inputs ?? [];
  const isOnly = (ports: readonly string[], port: string) =>
    ports.length === 1 && ports[0] === port;
  return {
    from: { node: from.node, port: isOnly(outputs, from.output) ? null : from.output },
    to: { node: to.node, port: isOnly(inputs, to.input) ? null : to.input },
  };
}

/** The map at a key; made where there is none. */
function mapAt(document: Document, above: YAMLMap, key: string): YAMLMap {
  const found = above.get(key);
  if (isMap(found)) return asLines(found);
  const made = new YAMLMap(document.schema);
  above.set(key, made);
  return made;
}

/** What is empty was written as {}, and its first entry begins a line. */
function asLines(map: YAMLMap): YAMLMap {
  if (map.items.length === 0) map.flow = false;
  return map;
}

function keepOnly(map: YAMLMap, keys: ReadonlySet<string>): void {
  map.items = map.items.filter(({ key }) => keys.has(keyText(key)));
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
