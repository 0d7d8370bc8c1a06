import { runCommand } from "@weir/command-line";
import { runService } from "@weir/service";
import {
  deviceAgentDetails,
  deviceAgentOptions,
  deviceAgentSettings,
  readAgentConfig,
} from "./config.ts";
import { startDeviceAgent } from "./device-agent.ts";
import { runDeadbandPreview } from "./preview/main.ts";

const [first, ...rest] = process.argv.slice(2);
if (first === "deadband-preview") {
  await runCommand(first, () => runDeadbandPreview(rest));
} else {
  await runService({
    name: "device-agent",
    summary: "reports a device's state and obeys commands.",
    settings: deviceAgentSettings,
    options: deviceAgentOptions,
    details: deviceAgentDetails,
    readConfig: readAgentConfig,
    start: startDeviceAgent,
  });
}
