import { runService } from "@weir/runtime";
import {
  deviceAgentDetails,
  deviceAgentOptions,
  deviceAgentSettings,
  readAgentConfig,
} from "./config.ts";
import { startDeviceAgent } from "./device-agent.ts";

await runService({
  name: "device-agent",
  summary: "reports a device's state and obeys commands.",
  settings: deviceAgentSettings,
  options: deviceAgentOptions,
  details: deviceAgentDetails,
  readConfig: readAgentConfig,
  start: startDeviceAgent,
});
