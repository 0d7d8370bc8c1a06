import { writeFileSync } from "node:fs";
import { agentJsonSchema } from "@weir/device-agent/config";

/** The text that `config/agent.schema.json` must have. */
export function agentSchema(): string {
  return `${JSON.stringify(agentJsonSchema(), null, 2)}\n`;
}

if (import.meta.main) writeFileSync("config/agent.schema.json", agentSchema());
