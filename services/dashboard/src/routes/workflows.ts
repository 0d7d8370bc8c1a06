import {
  checkedText,
  checkRequest,
  enableRequest,
  flowState,
  nodeTypes,
  pressed,
  removedFile,
  removeRequest,
  run,
  runs,
  saveRequest,
  trial,
  trialRequest,
  workflowFile,
  workflows,
} from "@weir/flows/contract";
import {
  buttonParameters,
  buttonPress,
  fileParameters,
  flowParameters,
  runParameters,
  runsAsked,
} from "../contract/workflows.ts";
import type { Api } from "../http/server.ts";
import type { WorkflowsClient } from "../sources/workflows-client.ts";
import { goneSignal } from "./gone.ts";

const tags = ["workflows"];
const config = { role: "operator" } as const;
/** A text of a file with all its workflows. */
const bodyLimit = 8 * 1024 * 1024;
const ABOVE = "/api/v1/workflows";

/** Workflows: their files, what they do and have done, and trials. The service workflows answers. */
export function workflowRoutes(api: Api, service: WorkflowsClient): void {
  fileRoutes(api, service);
  flowRoutes(api, service);
  api.get(
    `${ABOVE}/runs`,
    {
      schema: {
        summary: "Runs, the newest first",
        tags,
        querystring: runsAsked,
        response: { 200: runs },
      },
    },
    ({ query }) => service.runs(query),
  );
  api.get(
    `${ABOVE}/runs/:id`,
    {
      schema: {
        summary: "A run: its path, values, and what became of its actions",
        tags,
        params: runParameters,
        response: { 200: run },
      },
    },
    ({ params }) => service.run(params.id),
  );
  api.post(
    `${ABOVE}/trials`,
    {
      config,
      bodyLimit,
      schema: {
        summary: "Try a workflow on what is stored; nothing is done",
        tags,
        body: trialRequest,
        response: { 200: trial },
      },
    },
    ({ body }, reply) => service.try(body, goneSignal(reply)),
  );
}

function fileRoutes(api: Api, service: WorkflowsClient): void {
  api.get(
    ABOVE,
    { schema: { summary: "All workflows and their files", tags, response: { 200: workflows } } },
    () => service.all(),
  );
  api.get(
    `${ABOVE}/node-types`,
    {
      schema: {
        summary: "The types of nodes, with the JSON Schema of each one's configuration",
        tags,
        response: { 200: nodeTypes },
      },
    },
    () => service.nodeTypes(),
  );
  api.get(
    `${ABOVE}/files/:file`,
    {
      schema: {
        summary: "A workflow file, its workflows and its layout",
        tags,
        params: fileParameters,
        response: { 200: workflowFile },
      },
    },
    ({ params }) => service.file(params.file),
  );
  api.post(
    `${ABOVE}/files/:file`,
    {
      config,
      bodyLimit,
      schema: {
        summary: "Save a workflow file; only workflows that have changed start again",
        tags,
        params: fileParameters,
        body: saveRequest,
        response: { 200: workflowFile },
      },
    },
    ({ params, body }) => service.save(params.file, body),
  );
  api.post(
    `${ABOVE}/files/:file/delete`,
    {
      config,
      schema: {
        summary: "Delete a workflow file and its layout",
        tags,
        params: fileParameters,
        body: removeRequest,
        response: { 200: removedFile },
      },
    },
    ({ params, body }) => service.remove(params.file, body.revision),
  );
  api.post(
    `${ABOVE}/check`,
    {
      config,
      bodyLimit,
      schema: {
        summary: "Check a text without saving it, or write workflows into it",
        tags,
        body: checkRequest,
        response: { 200: checkedText },
      },
    },
    ({ body }) => service.check(body),
  );
}

function flowRoutes(api: Api, service: WorkflowsClient): void {
  api.post(
    `${ABOVE}/flows/:flow/buttons/:node`,
    {
      config,
      schema: {
        summary: "Press a button of a workflow",
        tags,
        params: buttonParameters,
        body: buttonPress,
        response: { 200: pressed },
      },
    },
    ({ params: { flow, node }, body, who }) =>
      service.press(flow, node, { ...body, by: who?.name ?? "unknown" }),
  );
  api.post(
    `${ABOVE}/flows/:flow/resume`,
    {
      config,
      schema: {
        summary: "Let a workflow run again that was stopped",
        tags,
        params: flowParameters,
        response: { 200: flowState },
      },
    },
    ({ params }) => service.resume(params.flow),
  );
  api.post(
    `${ABOVE}/flows/:flow/enabled`,
    {
      config,
      schema: {
        summary: "Switch a workflow on or off, in its file",
        tags,
        params: flowParameters,
        body: enableRequest,
        response: { 200: flowState },
      },
    },
    ({ params, body }) => service.enable(params.flow, body.isEnabled),
  );
}
