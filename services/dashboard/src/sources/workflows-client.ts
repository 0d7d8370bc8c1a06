import {
  type Alert,
  type AlertQuery,
  type Alerts,
  alert,
  alerts,
  type CheckedText,
  type CheckRequest,
  checkedText,
  type FlowState,
  flowState,
  type News,
  type NodeTypes,
  news,
  nodeTypes,
  type Pressed,
  pressed,
  type Run,
  type RunQuery,
  type Runs,
  removedFile,
  run,
  runs,
  type SaveRequest,
  type Trial,
  type TrialRequest,
  trial,
  type WorkflowFile,
  type Workflows,
  workflowFile,
  workflows,
} from "@weir/flows/contract";
import type { RoutesClientOptions } from "@weir/runtime";
import { AskedService } from "./asked-service.ts";

/** A workflow that is tried on a long time takes a while. */
const TRIAL_MS_MAX = 120_000;
/** The service answers within 20 s, also where there is nothing new. */
const NEWS_MS_MAX = 30_000;

const WORDS = {
  nothingDone: "Nothing was changed.",
  perhapsDone: "Look at the workflows when it is back: it may have got the request.",
};

/** The service workflows. Each request throws a RequestFault for what it refuses, and when it cannot be asked. */
export class WorkflowsClient {
  readonly #service: AskedService;

  constructor(address: RoutesClientOptions) {
    this.#service = new AskedService(address, WORDS);
  }

  all(): Promise<Workflows> {
    return this.#service.ask("GET", "/workflows", workflows);
  }

  nodeTypes(): Promise<NodeTypes> {
    return this.#service.ask("GET", "/node-types", nodeTypes);
  }

  file(file: string): Promise<WorkflowFile> {
    return this.#service.ask("GET", `/files/${file}`, workflowFile);
  }

  save(file: string, request: SaveRequest): Promise<WorkflowFile> {
    return this.#service.ask("POST", `/files/${file}`, workflowFile, request);
  }

  remove(file: string, revision: string): Promise<{ file: string }> {
    return this.#service.ask("POST", `/files/${file}/delete`, removedFile, { revision });
  }

  check(request: CheckRequest): Promise<CheckedText> {
    return this.#service.ask("POST", "/check", checkedText, request);
  }

  press(flow: string, node: string, request: { payload?: unknown; by: string }): Promise<Pressed> {
    return this.#service.ask("POST", `/flows/${flow}/buttons/${node}`, pressed, request);
  }

  /** Lets a workflow run again that was stopped. */
  resume(flow: string): Promise<FlowState> {
    return this.#service.ask("POST", `/flows/${flow}/resume`, flowState);
  }

  enable(flow: string, isEnabled: boolean): Promise<FlowState> {
    return this.#service.ask("POST", `/flows/${flow}/enabled`, flowState, { isEnabled });
  }

  runs(query: RunQuery): Promise<Runs> {
    return this.#service.ask("POST", "/runs/search", runs, query);
  }

  run(id: number): Promise<Run> {
    return this.#service.ask("GET", `/runs/${id}`, run);
  }

  alerts(query: AlertQuery): Promise<Alerts> {
    return this.#service.ask("POST", "/alerts/search", alerts, query);
  }

  acknowledge(id: number, by: string): Promise<Alert> {
    return this.#service.ask("POST", `/alerts/${id}/acknowledge`, alert, { by });
  }

  clear(id: number, by: string): Promise<Alert> {
    return this.#service.ask("POST", `/alerts/${id}/clear`, alert, { by });
  }

  try(request: TrialRequest, signal: AbortSignal): Promise<Trial> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TRIAL_MS_MAX)]);
    return this.#service.ask("POST", "/trials", trial, request, limited);
  }

  /** What has changed since a number. The answer waits until something has. */
  news(number: number, signal: AbortSignal): Promise<News> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(NEWS_MS_MAX)]);
    return this.#service.ask("GET", `/news/${number}`, news, null, limited);
  }
}
