import { z } from "zod";
import { openAlerts } from "./alerts.ts";
import { runSummary } from "./runs.ts";

/** The longest text of a workflow file. */
export const FILE_LENGTH_MAX = 1_000_000;

const nodeType = z.object({
  type: z.string(),
  group: z.enum(["trigger", "condition", "data", "action"]),
  summary: z.string(),
  inputs: z.array(z.string()).describe("with its defaults; a configured node may have others"),
  outputs: z.array(z.string()).describe("beside error, which every node has"),
  schema: z.record(z.string(), z.unknown()).describe("JSON Schema of its configuration"),
});
export type NodeTypeInfo = z.infer<typeof nodeType>;
export const nodeTypes = z.object({ types: z.array(nodeType) });
export type NodeTypes = z.infer<typeof nodeTypes>;

/** A workflow as its file has it, as far as it can be read. */
export const flowModel = z.object({
  name: z.string(),
  title: z.string(),
  isEnabled: z.boolean(),
  nodes: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      config: z.record(z.string(), z.unknown()).describe("as it is written in the file"),
      inputs: z.array(z.string()),
      outputs: z.array(z.string()).describe("with error, the last one"),
    }),
  ),
  wires: z.array(
    z.object({
      from: z.object({ node: z.string(), output: z.string() }),
      to: z.object({ node: z.string(), input: z.string() }),
    }),
  ),
});
export type FlowModel = z.infer<typeof flowModel>;

/** Where the boxes are on the canvas, by workflow and node. Moving them changes nothing else. */
export const layout = z.record(
  z.string(),
  z.record(z.string(), z.object({ x: z.number(), y: z.number() })),
);
export type Layout = z.infer<typeof layout>;

const flowNote = z.object({
  flow: z.string(),
  node: z.string().nullable().describe("null where it is about the whole workflow"),
  line: z.int().nullable(),
  words: z.string(),
});
export type FlowNote = z.infer<typeof flowNote>;
const notes = z
  .array(flowNote)
  .describe("what is valid and may not be meant: unknown series and names, nodes without wires");

/** What a text holds, without saving it. */
export const checkedText = z.object({
  text: z.string(),
  flows: z.array(flowModel),
  invalid: z.array(z.string()).describe("names of workflows that cannot run"),
  problems: z.array(z.string()).describe("file, line, place, value and remedy"),
  notes,
});
export type CheckedText = z.infer<typeof checkedText>;

/** Either a text, or a text and the workflows that it is to hold: comments and tables stay. */
export const checkRequest = z.strictObject({
  file: z.string().regex(/^[\w-]{1,64}$/),
  text: z.string().max(FILE_LENGTH_MAX),
  flows: z.array(flowModel).max(200).optional(),
});
export type CheckRequest = z.infer<typeof checkRequest>;

export const workflowFile = checkedText.extend({
  file: z.string(),
  layout,
  revision: z
    .string()
    .describe("changes when text or layout do; a save names the one that it began with"),
});
export type WorkflowFile = z.infer<typeof workflowFile>;

export const saveRequest = z.strictObject({
  text: z.string().max(FILE_LENGTH_MAX),
  layout,
  revision: z.string().nullable().describe("null for a new file"),
});
export type SaveRequest = z.infer<typeof saveRequest>;

export const removeRequest = z.strictObject({
  revision: z.string().describe("the one that was looked at"),
});
export const removedFile = z.object({ file: z.string() });
export const enableRequest = z.strictObject({ isEnabled: z.boolean() });

export const flowState = z.object({
  name: z.string(),
  file: z.string(),
  title: z.string(),
  state: z.enum(["running", "off", "stopped", "invalid"]),
  reason: z.string().nullable().describe("why it is stopped or invalid, or what hinders it"),
  buttons: z
    .array(z.object({ node: z.string(), label: z.string() }))
    .describe("nodes that can be pressed"),
  lastRun: runSummary.nullable(),
  actions24h: z.int().describe("actions done within the last 24 hours"),
  openAlerts: z.int(),
});
export type FlowState = z.infer<typeof flowState>;

export const workflows = z.object({
  folder: z.string(),
  isWritable: z.boolean().describe("whether files can be saved there"),
  files: z.array(
    z.object({ file: z.string(), revision: z.string(), problems: z.array(z.string()), notes }),
  ),
  problems: z.array(z.string()).describe("what is wrong with the folder itself"),
  flows: z.array(flowState),
});
export type Workflows = z.infer<typeof workflows>;

export const pressRequest = z.strictObject({
  payload: z.unknown().optional(),
  by: z.string().max(200),
});
export const pressed = z.object({ run: z.int() });
export type Pressed = z.infer<typeof pressed>;

/** What has changed since a number; the answer waits for it. */
export const news = z.object({
  /** Ask again with this. */
  number: z.int(),
  /** Workflows with new runs, or another state. */
  flows: z.array(z.string()),
  alertsChanged: z.boolean(),
  open: openAlerts,
});
export type News = z.infer<typeof news>;
