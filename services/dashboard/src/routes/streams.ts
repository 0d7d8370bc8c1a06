import { streams } from "../contract/system.ts";
import type { Api } from "../http/server.ts";
import { type StreamOverviewOptions, streamOverview } from "../sources/stream-overview.ts";

/** The configured streams. */
export function streamRoutes(api: Api, options: StreamOverviewOptions): void {
  api.get(
    "/api/v1/streams",
    {
      schema: {
        summary: "The streams: rates, lag, what they take on the disk",
        tags: ["system"],
        response: { 200: streams },
      },
    },
    () => streamOverview(options),
  );
}
