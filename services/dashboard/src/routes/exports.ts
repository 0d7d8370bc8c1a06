import type { FastifyReply } from "fastify";
import { z } from "zod";
import { pointsExportQuery, rowsExportQuery } from "../contract/exports.ts";
import type { Api } from "../http/server.ts";
import type { Export, Exports } from "../sources/exports.ts";
import { goneSignal } from "./gone.ts";

const TYPES = {
  csv: "text/csv; charset=utf-8; header=present",
  jsonl: "application/x-ndjson; charset=utf-8",
  parquet: "application/vnd.apache.parquet",
} as const;
const schema = z.string().meta({ format: "binary" });
const response = {
  200: {
    description: "the file",
    content: Object.fromEntries(
      Object.values(TYPES).map((type) => [type.split(";")[0], { schema }]),
    ),
  },
};

/** Who takes nothing for so long gives the place to others. */
const STALLED_MS_MAX = 120_000;

/** Files of points and of messages. */
export function exportRoutes(api: Api, exports: Exports): void {
  api.get(
    "/api/v1/exports/points",
    {
      schema: {
        summary: "Export the points of series as a file",
        tags: ["exports"],
        querystring: pointsExportQuery,
        response,
      },
    },
    async ({ query }, reply) =>
      send(reply, query.format, await exports.points(query, goneSignal(reply))),
  );
  api.get(
    "/api/v1/exports/rows",
    {
      schema: {
        summary: "Export the messages of a stream as a file",
        tags: ["exports"],
        querystring: rowsExportQuery,
        response,
      },
    },
    async ({ query }, reply) =>
      send(reply, query.format, await exports.rows(query, goneSignal(reply))),
  );
}

/** A fault in the middle breaks the connection off: no client takes the part for the whole. */
function send(
  reply: FastifyReply,
  format: keyof typeof TYPES,
  { fileName, content }: Export,
): FastifyReply {
  reply.raw.setTimeout(STALLED_MS_MAX, () => reply.raw.destroy());
  return reply
    .type(TYPES[format])
    .header("content-disposition", `attachment; filename="${fileName}"`)
    .header("cache-control", "no-store")
    .send(content);
}
