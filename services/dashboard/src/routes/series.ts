import { searchSeries } from "@weir/series";
import { series, seriesPage, seriesParameters, seriesQuery } from "../contract/series.ts";
import type { Api } from "../http/server.ts";
import { type SeriesCatalogue, toContract } from "../sources/catalogue-cache.ts";
import { namedSeries } from "../sources/named-series.ts";

/** The series that there are: all that match, or one by its name. */
export function seriesRoutes(api: Api, catalogue: SeriesCatalogue): void {
  api.get(
    "/api/v1/series",
    {
      schema: {
        summary: "Find series",
        tags: ["series"],
        querystring: seriesQuery,
        response: { 200: seriesPage },
      },
    },
    ({ query: { offset, limit, ...search } }) => {
      const found = searchSeries(catalogue.all(), search);
      const shown = found.slice(offset, offset + limit);
      return { total: found.length, series: shown.map(toContract) };
    },
  );
  api.get(
    "/api/v1/series/:series",
    {
      schema: {
        summary: "One series, by its name in percent encoding",
        tags: ["series"],
        params: seriesParameters,
        response: { 200: series },
      },
    },
    ({ params }) => {
      const [one] = namedSeries(catalogue, [params.series]);
      return toContract(one as NonNullable<typeof one>);
    },
  );
}
