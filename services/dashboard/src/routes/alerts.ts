import { alert, alerts } from "@weir/flows/contract";
import { alertParameters, alertsAsked } from "../contract/workflows.ts";
import type { Api } from "../http/server.ts";
import type { WorkflowsClient } from "../sources/workflows-client.ts";

const tags = ["alerts"];
const config = { role: "operator" } as const;

/** What workflows have raised, and what people say to it. */
export function alertRoutes(api: Api, service: WorkflowsClient): void {
  api.get(
    "/api/v1/alerts",
    {
      schema: {
        summary: "Alerts, the newest first",
        tags,
        querystring: alertsAsked,
        response: { 200: alerts },
      },
    },
    ({ query }) => service.alerts(query),
  );
  api.post(
    "/api/v1/alerts/:id/acknowledge",
    {
      config,
      schema: {
        summary: "Say that you have seen an alert",
        tags,
        params: alertParameters,
        response: { 200: alert },
      },
    },
    ({ params, who }) => service.acknowledge(params.id, who?.name ?? "unknown"),
  );
  api.post(
    "/api/v1/alerts/:id/clear",
    {
      config,
      schema: {
        summary: "Say that an alert is over",
        tags,
        params: alertParameters,
        response: { 200: alert },
      },
    },
    ({ params, who }) => service.clear(params.id, who?.name ?? "unknown"),
  );
}
