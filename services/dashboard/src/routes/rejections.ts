import type { StoredStream } from "@weir/streams";
import { rejections, rejectionsQuery } from "../contract/system.ts";
import type { Api } from "../http/server.ts";
import type { PerformanceReport } from "../sources/logger-performance.ts";
import { newestRejections } from "../sources/rejections.ts";

/** What was not read as it was meant, and why. */
export function rejectionRoutes(
  api: Api,
  { streams, performance }: { streams: readonly StoredStream[]; performance: PerformanceReport },
): void {
  api.get(
    "/api/v1/rejections",
    {
      schema: {
        summary: "The newest messages that were flagged or rejected",
        tags: ["system"],
        querystring: rejectionsQuery,
        response: { 200: rejections },
      },
    },
    ({ query }) => newestRejections(streams, performance, query.limit),
  );
}
