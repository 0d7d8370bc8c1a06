import { runService } from "@weir/runtime";
import { deviceAgent } from "./device-agent.ts";

await runService(deviceAgent);
