import {
  deletion,
  deletionParameters,
  deletionPreview,
  deletionRequest,
  deletions,
} from "../contract/deletions.ts";
import type { Api } from "../http/server.ts";
import type { LoggerDeletions } from "../sources/logger-deletions.ts";
import { goneSignal } from "./gone.ts";

const config = { role: "operator" } as const;
const tags = ["deletions"];

/** Deleting data, and taking that back. */
export function deletionRoutes(api: Api, logger: LoggerDeletions): void {
  api.get(
    "/api/v1/deletions",
    {
      config,
      schema: { summary: "All deletions", tags, response: { 200: deletions } },
    },
    async () => ({ deletions: await logger.all() }),
  );
  api.post(
    "/api/v1/deletions/preview",
    {
      config,
      schema: {
        summary: "Count what a deletion would hide",
        tags,
        body: deletionRequest,
        response: { 200: deletionPreview },
      },
    },
    ({ body }, reply) => logger.preview(body, goneSignal(reply)),
  );
  api.post(
    "/api/v1/deletions",
    {
      config,
      schema: {
        summary: "Hide rows; it can be undone for 24 hours",
        tags,
        body: deletionRequest,
        response: { 202: deletion },
      },
    },
    async ({ body }, reply) => reply.code(202).send(await logger.delete(body)),
  );
  api.post(
    "/api/v1/deletions/:id/undo",
    {
      config,
      schema: {
        summary: "Bring back what a deletion has hidden",
        tags,
        params: deletionParameters,
        response: { 202: deletion },
      },
    },
    async ({ params }, reply) => reply.code(202).send(await logger.undo(params.id)),
  );
}
