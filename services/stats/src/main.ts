import { runService } from "@weir/runtime";
import { readStatsConfig, statsSettings } from "./config.ts";
import { startStats } from "./stats.ts";

await runService({
  name: "stats",
  summary: "follows the store and publishes 1, 5 and 30 minute statistics.",
  settings: statsSettings,
  readConfig: readStatsConfig,
  start: startStats,
});
