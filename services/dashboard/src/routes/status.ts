import { status } from "../contract/status.ts";
import type { Api } from "../http/server.ts";
import type { StatusBoard } from "../live/status-board.ts";

/** Whether anything is lost, and how fresh all is. */
export function statusRoutes(api: Api, { status: board }: { status: StatusBoard }): void {
  api.get(
    "/api/v1/status",
    {
      schema: {
        tags: ["status"],
        summary: "Whether anything is lost, and how fresh all is",
        response: { 200: status },
      },
    },
    async () => {
      await board.refresh();
      return board.current();
    },
  );
}
