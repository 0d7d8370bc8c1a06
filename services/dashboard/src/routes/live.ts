import { RequestFault } from "@weir/runtime";
import { z } from "zod";
import { liveEvents, liveQuery } from "../contract/live.ts";
import { decodePositions, type Positions } from "../contract/positions.ts";
import { problems } from "../contract/problems.ts";
import type { Api } from "../http/server.ts";
import { RETRY_AFTER_SECONDS } from "../live/admission.ts";
import { askedSeries } from "../live/asked-series.ts";
import type { Live } from "../live/live.ts";
import type { SeriesCatalogue } from "../sources/catalogue-cache.ts";

interface Sources {
  live: Live;
  catalogue: SeriesCatalogue;
  /** The names of the streams that are stored. */
  streams: readonly string[];
}

/** The live stream of a page. */
export function liveRoutes(api: Api, { live, catalogue, streams }: Sources): void {
  // Closing would wait for the streams.
  api.addHook("preClose", async () => live.endAll("the dashboard ends"));

  api.get(
    "/api/v1/live",
    {
      exposeHeadRoute: false,
      schema: {
        tags: ["live"],
        summary: "What happens, as server-sent events",
        description: DESCRIPTION,
        querystring: liveQuery,
        headers: z.object({
          "last-event-id": z.string().optional().describe("the id of the last event that came"),
        }),
        response: {
          200: { description: "events", content: { "text/event-stream": { schema: z.string() } } },
          400: problems,
          404: problems,
          503: problems,
        },
      },
    },
    (request, reply) => {
      const { series = [], device = null, devices, after } = request.query;
      const lastId = request.headers["last-event-id"];
      const question = {
        series: askedSeries(series, catalogue, streams),
        after: lastId ? positionsOf("last-event-id", lastId) : positionsOf("after", after),
        wantsDevices: devices === "changes",
        device,
      };
      // Where devices cannot be looked up, that is the answer.
      if (device !== null) catalogue.all();
      const { who, ip: address } = request;
      const isCurrent = who?.isCurrent ?? (() => true);
      const client = { user: who?.name ?? null, address, isCurrent };
      try {
        live.open(question, client, reply.raw, reply.getHeaders());
      } catch (error) {
        if (error instanceof RequestFault && error.status === 503) {
          reply.header("retry-after", RETRY_AFTER_SECONDS).header("connection", "close");
        }
        throw error;
      }
      reply.hijack();
    },
  );
}

const DESCRIPTION = `Each event has a name and JSON:
${Object.keys(liveEvents).join(", ")}. \`points\` has an item for each reading: the index of its series in
the query, its time in milliseconds, its value. Events have ids: who reconnects with Last-Event-ID gets the points of
all rows behind that place, each once. \`reset\` says that points were left out or deleted: ask for the history again, and
open another stream with its \`through\` as \`after\`. After \`bye\` come back in so many milliseconds.`;

/** @throws RequestFault for a text that is no position. */
function positionsOf(field: string, text: string | undefined): Positions | null {
  if (text === undefined) return null;
  const positions = decodePositions(text);
  if (positions !== null) return positions;
  throw new RequestFault(400, [
    {
      field,
      value: text,
      problem: "it is no place in the streams",
      remedy: "Give `through` of a history, or the id of an event, as it was.",
    },
  ]);
}
