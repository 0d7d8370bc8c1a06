import { isTooDeep, nodeTypeInfos } from "@weir/flows";
import {
  alertChangeRequest,
  alertQuery,
  checkRequest,
  enableRequest,
  type FlowState,
  pressRequest,
  removeRequest,
  runQuery,
  saveRequest,
  trialRequest,
} from "@weir/flows/contract";
import { type Clock, RequestFault, type Routes } from "@weir/runtime";
import { noSuchFlow, type WorkflowFolder } from "../files/folder.ts";
import { FILE_NAME } from "../files/loaded-files.ts";
import type { WorkflowsEngine } from "../live/workflows-engine.ts";
import type { WorkflowsLog } from "../log/workflows-log.ts";
import type { Trials } from "../trial/trials.ts";
import { NewsBoard } from "./news-board.ts";

/** A text of a file, and the workflows that it is to hold. */
const bodyBytesMax = 8 * 1024 * 1024;

interface RoutesOptions {
  folder: WorkflowFolder;
  engine: Pick<WorkflowsEngine, "flowStates" | "onNews" | "loop">;
  log: Pick<WorkflowsLog, "runs" | "alerts">;
  trials: Pick<Trials, "try">;
  clock: Clock;
}

/** Adds the addresses of workflows to those that the service answers on. @returns ends what they listen to. */
export function openWorkflowRoutes(
  routes: Routes,
  token: string,
  options: RoutesOptions,
): Disposable {
  const { folder, engine, log, clock } = options;
  const names = () => folder.loaded.files.flatMap(({ flows }) => flows.map(({ name }) => name));
  const news = new NewsBoard({ names, open: () => log.alerts.open(), clock });
  addFileRoutes(routes, token, options);
  addFlowRoutes(routes, token, options);
  addRunRoutes(routes, token, { log, news });
  addAlertRoutes(routes, token, options);
  return engine.onNews((changed) => news.note(changed));
}

function addFileRoutes(
  routes: Routes,
  token: string,
  { folder, engine }: Pick<RoutesOptions, "folder" | "engine">,
): void {
  routes.add(token, {
    method: "GET",
    path: "/workflows",
    body: null,
    answer: () => {
      const { problems } = folder.loaded;
      return {
        content: {
          folder: folder.folder,
          isWritable: folder.isWritable,
          files: folder.files(),
          problems,
          flows: engine.flowStates(),
        },
      };
    },
  });
  routes.add(token, {
    method: "GET",
    path: "/node-types",
    body: null,
    answer: () => ({ content: { types: nodeTypeInfos() } }),
  });
  routes.add(token, {
    method: "GET",
    path: "/files/:file",
    body: null,
    answer: ({ parameters }) => ({ content: folder.read(fileIn(parameters)) }),
  });
  routes.add(token, {
    method: "POST",
    path: "/files/:file",
    body: saveRequest,
    bodyBytesMax,
    answer: ({ parameters, body }) => ({ content: folder.save(fileIn(parameters), body) }),
  });
  routes.add(token, {
    method: "POST",
    path: "/files/:file/delete",
    body: removeRequest,
    answer: ({ parameters, body }) => {
      const file = fileIn(parameters);
      folder.remove(file, body.revision);
      return { content: { file } };
    },
  });
  routes.add(token, {
    method: "POST",
    path: "/check",
    body: checkRequest,
    bodyBytesMax,
    answer: ({ body }) => ({ content: folder.check(body) }),
  });
}

function addFlowRoutes(
  routes: Routes,
  token: string,
  { folder, engine, trials }: Pick<RoutesOptions, "folder" | "engine" | "trials">,
): void {
  const stateOf = (flow: string): FlowState =>
    engine.flowStates().find(({ name }) => name === flow) ?? noSuchFlow(flow);
  routes.add(token, {
    method: "POST",
    path: "/flows/:flow/buttons/:node",
    body: pressRequest,
    answer: async ({ parameters: { flow = "", node = "" }, body: { by, payload = null } }) => {
      stateOf(flow);
      if (isTooDeep(payload)) {
        const remedy = "Put less into one another.";
        throw new RequestFault(400, [
          { field: "payload", value: null, problem: "it is nested too deeply", remedy },
        ]);
      }
      const run = await engine.loop.press({ flow, node, by, payload });
      if (run !== null) return { content: { run } };
      const remedy = "Name a node of the type button, in a workflow that runs.";
      throw refused(404, "node", node, "there is no such button that can be pressed", remedy);
    },
  });
  routes.add(token, {
    method: "POST",
    path: "/flows/:flow/resume",
    body: null,
    answer: async ({ parameters: { flow = "" } }) => {
      stateOf(flow);
      await engine.loop.resume(flow);
      return { content: stateOf(flow) };
    },
  });
  routes.add(token, {
    method: "POST",
    path: "/flows/:flow/enabled",
    body: enableRequest,
    answer: ({ parameters: { flow = "" }, body }) => {
      folder.enable(flow, body.isEnabled);
      return { content: stateOf(flow) };
    },
  });
  routes.add(token, {
    method: "POST",
    path: "/trials",
    body: trialRequest,
    bodyBytesMax,
    answer: async ({ body, signal }) => ({
      content: await trials.try(body, folder.textOf(body.file), signal),
    }),
  });
}

function addRunRoutes(
  routes: Routes,
  token: string,
  { log, news }: Pick<RoutesOptions, "log"> & { news: NewsBoard },
): void {
  routes.add(token, {
    method: "POST",
    path: "/runs/search",
    body: runQuery,
    answer: ({ body }) => ({ content: { runs: log.runs.search(body) } }),
  });
  routes.add(token, {
    method: "GET",
    path: "/runs/:id",
    body: null,
    answer: ({ parameters: { id = "" } }) => {
      const run = log.runs.find(numberIn(id));
      if (run !== null) return { content: run };
      const remedy = "Old runs are removed; GET /workflows/runs lists those that there are.";
      throw refused(404, "id", id, "there is no such run", remedy);
    },
  });
  routes.add(token, {
    method: "GET",
    path: "/news/:number",
    body: null,
    answer: async ({ parameters: { number = "" }, signal }) => ({
      content: await news.after(numberIn(number), signal),
    }),
  });
}

function addAlertRoutes(
  routes: Routes,
  token: string,
  { log, engine }: Pick<RoutesOptions, "log" | "engine">,
): void {
  routes.add(token, {
    method: "POST",
    path: "/alerts/search",
    body: alertQuery,
    answer: ({ body }) => ({ content: log.alerts.search(body) }),
  });
  for (const [word, state] of [
    ["acknowledge", "acknowledged"],
    ["clear", "cleared"],
  ] as const) {
    routes.add(token, {
      method: "POST",
      path: `/alerts/:id/${word}`,
      body: alertChangeRequest,
      answer: async ({ parameters: { id = "" }, body: { by } }) => {
        const alert = await engine.loop.decide({ id: numberIn(id), state, by });
        if (alert !== null) return { content: alert };
        throw refused(404, "id", id, "there is no such alert", "GET /alerts lists them.");
      },
    });
  }
}

/** @throws RequestFault for what is no name of a file: it never becomes a path. */
function fileIn({ file = "" }: Readonly<Record<string, string>>): string {
  if (FILE_NAME.test(file)) return file;
  const remedy = "Use 1 to 64 letters, digits, _ and -, and leave out .yaml.";
  throw refused(400, "file", file, "it is no name of a workflow file", remedy);
}

/** 0 for what is no number: there is nothing of that id. */
function numberIn(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function refused(status: number, field: string, value: string, problem: string, remedy: string) {
  return new RequestFault(status, [{ field, value, problem, remedy }]);
}
