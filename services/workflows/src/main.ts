import { runService } from "@weir/runtime";
import { readWorkflowsConfig, workflowsSettings } from "./config.ts";
import { startWorkflows } from "./workflows.ts";

await runService({
  name: "workflows",
  summary: "runs workflows on what is stored: triggers, conditions, actions and alerts.",
  settings: workflowsSettings,
  readConfig: readWorkflowsConfig,
  start: startWorkflows,
});
