import { type ServiceHealth, services } from "../contract/system.ts";
import type { Api } from "../http/server.ts";
import type { ServicesHealth } from "../sources/service-health.ts";

/** How Weir's services are, and what else they need. */
export function serviceRoutes(
  api: Api,
  health: ServicesHealth,
  others: () => readonly ServiceHealth[],
): void {
  api.get(
    "/api/v1/services",
    {
      schema: {
        summary: "The health of each service, and of the connection to the broker",
        tags: ["system"],
        response: { 200: services },
      },
    },
    async () => ({ services: [...others(), ...(await health.all())] }),
  );
}
