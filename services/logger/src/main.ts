import { runService } from "@weir/runtime";
import { loggerSettings, readLoggerConfig } from "./config.ts";
import { startLogger } from "./logger.ts";

await runService({
  name: "logger",
  summary: "writes each message to the store and acknowledges it after the commit.",
  settings: loggerSettings,
  readConfig: readLoggerConfig,
  start: startLogger,
});
