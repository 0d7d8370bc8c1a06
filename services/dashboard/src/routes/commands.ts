import {
  commandLife,
  commandParameters,
  commandQuery,
  commandRequest,
  deviceCommands,
  deviceParameters,
} from "../contract/devices.ts";
import type { Devices } from "../devices/devices.ts";
import type { Api } from "../http/server.ts";

/** The commands of a device: what it takes, sending one, and following it to its end. */
export function commandRoutes(api: Api, { book, commands }: Devices): void {
  const tags = ["commands"];
  api.get(
    "/api/v1/devices/:id/commands",
    {
      schema: {
        summary:
          "The commands of a device as it describes them, and the newest ones that were sent",
        tags,
        params: deviceParameters,
        response: { 200: deviceCommands },
      },
    },
    ({ params }) => {
      const device = book.find(params.id);
      return commands.of(device, book.describe(device).state === "offline");
    },
  );
  api.post(
    "/api/v1/devices/:id/commands",
    {
      config: { role: "operator" },
      schema: {
        summary: "Send a command",
        tags,
        params: deviceParameters,
        body: commandRequest,
        response: { 200: commandLife },
      },
    },
    ({ params, body, who }) => commands.send(book.find(params.id), body, who?.name ?? "unknown"),
  );
  api.get(
    "/api/v1/devices/:id/commands/:command",
    {
      schema: {
        summary: "A command and what became of it; waits for its end",
        tags,
        params: commandParameters,
        querystring: commandQuery,
        response: { 200: commandLife },
      },
    },
    ({ params, query }) => commands.one(book.find(params.id), params.command, query.waitMs),
  );
}
