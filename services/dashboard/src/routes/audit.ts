import { audit } from "../contract/system.ts";
import type { Api } from "../http/server.ts";
import type { AuditRunner } from "../sources/audit-runner.ts";

/** Whether anything is lost, by publisher. */
export function auditRoutes(api: Api, runner: Pick<AuditRunner, "latest">): void {
  api.get(
    "/api/v1/audit",
    {
      schema: {
        summary: "What publishers accepted, and what became of it",
        tags: ["system"],
        response: { 200: audit },
      },
    },
    () => runner.latest(),
  );
}
