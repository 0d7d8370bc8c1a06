import { history, historyQuery } from "../contract/series.ts";
import type { Api } from "../http/server.ts";
import type { HistoryAnswers } from "../sources/history-answers.ts";
import { goneSignal } from "./gone.ts";

/** What series were like over time. */
export function historyRoutes(api: Api, answers: HistoryAnswers): void {
  api.get(
    "/api/v1/history",
    {
      schema: {
        summary: "The history of series, in buckets",
        tags: ["series"],
        querystring: historyQuery,
        response: { 200: history },
      },
    },
    async ({ query }, reply) => {
      const text = await answers.ask(query, goneSignal(reply));
      // A cast: it is JSON of that form already, made in small steps.
      return reply.type("application/json").send(text as never);
    },
  );
}
