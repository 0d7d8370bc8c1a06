import { createHash } from "node:crypto";
import {
  ConfigurationFault,
  checkContent,
  didYouMean,
  duration,
  errorMessage,
  type FileFormat,
  type Path,
  type Problem,
  parseYaml,
  valueAt,
} from "@weir/runtime";
import { z } from "zod";
import type { NodeType } from "../node/node.ts";
import { NODES } from "../nodes/index.ts";
import { parseWire, type WireEnd } from "./wire.ts";

/** Nodes and wires of one workflow at most. */
const NODES_MAX = 200;
const WIRES_MAX = 500;
/** Workflows of one file at most. */
const FLOWS_MAX = 200;
const TABLE_ROWS_MAX = 1_000;

const NAME = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
const name = z
  .string()
  .regex(
    NAME,
    "a name has letters, digits and hyphens, begins with a letter, and is at most 64 long",
  );

const flowSchema = z.strictObject({
  title: z.string().max(200).optional().describe("What it is for, in one line."),
  enabled: z.boolean().default(true).describe("false: it is kept, and does nothing."),
  late: duration({ min: "1s", max: "30d" })
    .prefault("1h")
    .describe(
      "How late an action may still happen, after Weir or the network was down. Later ones are recorded as expired.",
    ),
  nodes: z.record(name, z.looseObject({ type: z.string() })).default({}),
  wires: z.array(z.string()).max(WIRES_MAX).default([]),
});

/** What a workflow file holds. */
export const workflowFileSchema = z.strictObject({
  flows: z.record(name, flowSchema).default({}).describe("The workflows, by name."),
  tables: z
    .record(name, z.array(z.record(z.string(), z.unknown())).max(TABLE_ROWS_MAX))
    .default({})
    .describe("Tables that the nodes of this file may look things up in: a list of rows, by name."),
});

const FORMAT: FileFormat<z.infer<typeof workflowFileSchema>> = { schema: workflowFileSchema };

type Table = readonly Readonly<Record<string, unknown>>[];
export type Tables = Readonly<Record<string, Table>>;

/** A node as its file has it; `config` was parsed by its type. */
interface FlowNode {
  name: string;
  /** Of the file. */
  line: number | null;
  type: NodeType;
  config: unknown;
  /** Changes when what was kept no longer holds: when type or configuration do. */
  hash: string;
}

/** A wire between ends that exist. */
interface FlowWire {
  from: { node: string; output: string };
  to: { node: string; input: string };
}

/** A workflow whose form is valid. */
export interface FlowDefinition {
  name: string;
  /** The file's name without `.yaml`. */
  file: string;
  line: number | null;
  title: string;
  isEnabled: boolean;
  lateMs: number;
  nodes: readonly FlowNode[];
  wires: readonly FlowWire[];
  tables: Tables;
  /** Changes when anything but the layout does. */
  hash: string;
}

/** What was found in a file: the workflows that are valid, and what is wrong with the others. */
export interface ParsedFile {
  flows: FlowDefinition[];
  /** Names of workflows that are not valid. */
  invalid: string[];
  /** A line for each problem: file, line, place, value and remedy. */
  problems: readonly string[];
  /** What the YAML holds, whether it is valid or not; `null` where the text is none. */
  content: unknown;
}

/** Reads the text of a workflow file. Never throws: what is wrong is among the problems. @param file its name without `.yaml`. */
export function parseWorkflowFile(text: string, file: string): ParsedFile {
  let yaml: ReturnType<typeof parseYaml>;
  try {
    yaml = parseYaml(text, `${file}.yaml`);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return { flows: [], invalid: [], problems: error.problems, content: null };
  }
  const { content, problems } = checkContent(yaml.content, FORMAT);
  const found: Problem[] = [...problems];
  const flows: FlowDefinition[] = [];
  const names = Object.keys(content?.flows ?? {});
  if (names.length > FLOWS_MAX) {
    found.push({
      path: ["flows"],
      words: `there are ${names.length}; a file has at most ${FLOWS_MAX}`,
    });
  }
  const tables = content?.tables ?? {};
  for (const [flow, given] of Object.entries(content?.flows ?? {})) {
    const { nodes, problems: ofNodes } = nodesOf(given.nodes, tables, flow, yaml.lineOf);
    const { wires, problems: ofWires } = wiresOf(
      given.wires,
      nodes,
      namesAt(yaml.content, ["flows", flow, "nodes"]),
      ["flows", flow, "wires"],
    );
    found.push(...ofNodes, ...ofWires);
    const { title = "", enabled, late } = given;
    flows.push({
      name: flow,
      file,
      line: yaml.lineOf(["flows", flow]),
      title,
      isEnabled: enabled,
      lateMs: late,
      nodes,
      wires,
      tables,
      hash: hashOf([file, given, tables]),
    });
  }
  const isWrong = (flow: string): boolean =>
    found.some(({ path }) => path[0] !== "flows" || path.length < 2 || path[1] === flow);
  const given = namesAt(yaml.content, ["flows"]);
  return {
    flows: flows.filter(({ name: flow }) => !isWrong(flow)),
    invalid: given.filter(isWrong),
    problems: yaml.describe(found),
    content: yaml.content,
  };
}

/** The names that stand at a place, also of what is not valid there. */
function namesAt(content: unknown, path: Path): string[] {
  const value = valueAt(content, path);
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function nodesOf(
  given: Readonly<Record<string, { type: string }>>,
  tables: Tables,
  flow: string,
  lineOf: (path: Path) => number | null,
): { nodes: FlowNode[]; problems: Problem[] } {
  const above = ["flows", flow, "nodes"];
  const nodes: FlowNode[] = [];
  const problems: Problem[] = [];
  const entries = Object.entries(given);
  if (entries.length > NODES_MAX) {
    problems.push({
      path: above,
      words: `there are ${entries.length}; a workflow has at most ${NODES_MAX}`,
    });
  }
  for (const [name, { type: typeName, ...rest }] of entries) {
    const path = [...above, name];
    const type = NODES.get(typeName);
    if (type === undefined) {
      const words = `there is no such type of node${didYouMean(typeName, [...NODES.keys()])}`;
      problems.push({ path: [...path, "type"], words });
      continue;
    }
    const checked = checkContent(rest, { schema: type.config }, path);
    problems.push(...checked.problems);
    if (checked.problems.length > 0) continue;
    try {
      type.create(checked.content, { flow, name, table: tableOf(tables) });
    } catch (error) {
      problems.push({ path, words: errorMessage(error) });
      continue;
    }
    nodes.push({
      name,
      line: lineOf(path),
      type,
      config: checked.content,
      hash: hashOf([typeName, type.statesHangOn?.(checked.content) ?? rest]),
    });
  }
  return { nodes, problems };
}

function wiresOf(
  given: readonly string[],
  nodes: readonly FlowNode[],
  all: readonly string[],
  above: Path,
): { wires: FlowWire[]; problems: Problem[] } {
  const wires: FlowWire[] = [];
  const problems: Problem[] = [];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const [index, text] of given.entries()) {
    const path = [...above, String(index)];
    const wire = parseWire(text);
    if (wire === null) {
      problems.push({ path, words: "a wire is written node.output -> node.input" });
      continue;
    }
    const ends = [
      { end: wire.from, side: "output" },
      { end: wire.to, side: "input" },
    ] as const;
    const missing = ends.filter(({ end }) => !all.includes(end.node));
    for (const { end } of missing) {
      const words = `there is no node ${end.node}${didYouMean(end.node, all)}`;
      problems.push({ path, words });
    }
    const from = byName.get(wire.from.node);
    const to = byName.get(wire.to.node);
    // A node that is wrong itself has been reported.
    if (from === undefined || to === undefined) continue;
    const output = portOf(wire.from, [...from.type.outputs(from.config), "error"], "output");
    const input = portOf(wire.to, to.type.inputs(to.config), "input");
    for (const one of [output, input])
      if ("words" in one) problems.push({ path, words: one.words });
    if ("port" in output && "port" in input) {
      wires.push({
        from: { node: from.name, output: output.port },
        to: { node: to.name, input: input.port },
      });
    }
  }
  return { wires, problems };
}

function portOf(
  { node, port }: WireEnd,
  ports: readonly string[],
  side: "input" | "output",
): { port: string } | { words: string } {
  const [first] = ports;
  if (first === undefined) return { words: `${node} has no ${side}` };
  if (port === null) return { port: first };
  if (ports.includes(port)) return { port };
  return {
    words: `${node} has no ${side} ${port}${didYouMean(port, ports)}; it has ${ports.join(", ")}`,
  };
}

/** Finds a table by its name. */
export function tableOf(tables: Tables): (name: string) => Table {
  return (name) => {
    const rows = Object.hasOwn(tables, name) ? tables[name] : undefined;
    if (rows !== undefined) return rows;
    const names = Object.keys(tables);
    const known =
      names.length === 0
        ? "the file has none: add it under tables"
        : `the file has ${names.join(", ")}`;
    throw new Error(`there is no table ${name}; ${known}`);
  };
}

function hashOf(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
}
