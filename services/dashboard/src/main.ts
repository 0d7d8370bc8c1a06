import { runService } from "@weir/runtime";
import { dashboardSettings, readDashboardConfig } from "./config.ts";
import { startDashboard } from "./dashboard.ts";

await runService({
  name: "dashboard",
  summary: "serves the pages and the HTTP API.",
  settings: dashboardSettings,
  readConfig: readDashboardConfig,
  start: startDashboard,
});
