export type {
  AlertRecord,
  Changes,
  NewEffect,
  RunPart,
  StateChange,
  Stop,
  TraceStep,
} from "./engine/changes.ts";
export { Engine, type Kept, NOTHING_KEPT } from "./engine/engine.ts";
export { isTooDeep } from "./expressions/json.ts";
export { editWorkflows } from "./files/edit-file.ts";
export { checkText } from "./files/flow-model.ts";
export { workflowsJsonSchema } from "./files/json-schema.ts";
export { formatLayout, parseLayout } from "./files/layout.ts";
export { nodeTypeInfos } from "./files/node-ports.ts";
export { notesOf } from "./files/notes.ts";
export { StoredSeries } from "./files/stored-series.ts";
export { type FlowDefinition, type ParsedFile, parseWorkflowFile } from "./files/workflow-file.ts";
export { effectWords } from "./node/effect-words.ts";
export { payloadOf } from "./node/heard.ts";
export type {
  AlertChange,
  Data,
  Effect,
  HeardConnection,
  HeardMessage,
  HeardPoint,
  HeardSystem,
  NodeType,
  Outcome,
  Severity,
} from "./node/node.ts";
export { connectionOfRow } from "./node/presence.ts";
export { NODES } from "./nodes/index.ts";
export { type TrialQuestion, type TrialSource, tryFlow } from "./trial/trial.ts";
export type { HistoryEffect, HistoryOf } from "./trial/tried-version.ts";
