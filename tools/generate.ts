import { writeFileSync } from "node:fs";
import { dashboardSettings } from "@weir/dashboard/config";
import { agentJsonSchema } from "@weir/device-agent/agent-file";
import { deviceAgentSettings } from "@weir/device-agent/config";
import { loggerSettings } from "@weir/logger/config";
import { publisherSettings } from "@weir/publisher/config";
import { renderEnvExample, type Settings } from "@weir/runtime";
import { demoSettings, standaloneSettings } from "@weir/standalone/settings";
import { statsSettings } from "@weir/stats/config";
import { statsPrinterSettings } from "@weir/stats-printer/config";
import { workflowsSettings } from "@weir/workflows/config";

/** The settings of every service, in the order of the flow. */
const all: readonly Settings[] = [
  publisherSettings,
  deviceAgentSettings,
  loggerSettings,
  statsSettings,
  statsPrinterSettings,
  workflowsSettings,
  dashboardSettings,
  workflowsSettings,
  demoSettings,
  standaloneSettings,
];

/** The text that `.env.example` must have. */
export function envExample(): string {
  return renderEnvExample(all);
}

/** The text that `config/agent.schema.json` must have. */
function agentSchema(): string {
  return `${JSON.stringify(agentJsonSchema(), null, 2)}\n`;
}

if (import.meta.main) {
  const [file = "", text] =
    process.argv[2] === "agent-schema"
      ? ["config/agent.schema.json", agentSchema()]
      : [".env.example", envExample()];
  writeFileSync(file, text);
}
