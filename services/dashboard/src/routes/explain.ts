import { explain, type HistorySource } from "@weir/streams";
import { explainQuery, explanations } from "../contract/series.ts";
import type { Api } from "../http/server.ts";
import { explainedToContract } from "../sources/explained.ts";

/** How the newest payloads of a topic are read. */
export function explainRoutes(
  api: Api,
  source: Pick<HistorySource, "streams" | "indexFile" | "skewUs">,
): void {
  api.get(
    "/api/v1/explain",
    {
      schema: {
        summary: "The newest payloads of a topic on each stream, and how they are read",
        tags: ["series"],
        querystring: explainQuery,
        response: { 200: explanations },
      },
    },
    ({ query: { topic, count } }) => {
      const payloads = explain(source, [topic], count).map(explainedToContract);
      return { payloads: payloads.sort((one, other) => other.receivedMs - one.receivedMs) };
    },
  );
}
