import type {
  NodeTypes,
  Pressed,
  Run,
  RunQuery,
  Runs,
  SaveRequest,
  WorkflowFile,
  Workflows,
} from "@weir/flows/contract";
import { get, send } from "../api.ts";

const ofFlow = (flow: string, rest: string): string =>
  `/workflows/flows/${encodeURIComponent(flow)}/${rest}`;

/** What the pages of workflows ask the server. */
export const workflowsApi = {
  all: (signal: AbortSignal) => get<Workflows>("/workflows", {}, signal),
  nodeTypes: (signal: AbortSignal) => get<NodeTypes>("/workflows/node-types", {}, signal),
  save: (file: string, request: SaveRequest) =>
    send<WorkflowFile>("POST", `/workflows/files/${encodeURIComponent(file)}`, request),
  press: (flow: string, node: string) =>
    send<Pressed>("POST", ofFlow(flow, `buttons/${encodeURIComponent(node)}`)),
  resume: (flow: string) => send<unknown>("POST", ofFlow(flow, "resume")),
  enable: (flow: string, isEnabled: boolean) =>
    send<unknown>("POST", ofFlow(flow, "enabled"), { isEnabled }),
  runs: (query: Partial<RunQuery>, signal: AbortSignal) =>
    get<Runs>("/workflows/runs", query, signal),
  run: (id: number, signal: AbortSignal) => get<Run>(`/workflows/runs/${id}`, {}, signal),
};

/** The canvas of a file, at one of its workflows. */
export function fileAddress(file: string, flow?: string): string {
  const address = `/workflows/files/${encodeURIComponent(file)}`;
  return flow === undefined ? address : `${address}?flow=${encodeURIComponent(flow)}`;
}

/** The runs of a workflow. */
export function runsAddress(flow: string): string {
  return `/workflows/runs?flow=${encodeURIComponent(flow)}`;
}
