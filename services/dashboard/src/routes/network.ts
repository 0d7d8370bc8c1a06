import { networkRequest, networkState } from "../contract/system.ts";
import type { Api } from "../http/server.ts";
import type { NetworkControl } from "../sources/network-control.ts";

const tags = ["system"];

/** The network between the broker and its clients, in the debug composition only. */
export function networkRoutes(api: Api, network: NetworkControl): void {
  api.get(
    "/api/v1/network",
    { schema: { summary: "What the network does now", tags, response: { 200: networkState } } },
    () => network.state(),
  );
  api.post(
    "/api/v1/network",
    {
      config: { role: "operator" },
      schema: {
        summary: "Cut the network, or restore it",
        tags,
        body: networkRequest,
        response: { 200: networkState },
      },
    },
    ({ body }) => network.command(body.command),
  );
}
