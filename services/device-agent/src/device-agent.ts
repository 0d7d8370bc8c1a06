import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Flow } from "@weir/protocol";
import {
  makeFolderAt,
  type ServiceContext,
  type ServiceDefinition,
  watchBroker,
} from "@weir/runtime";
import { openJournals } from "./command-life/journal-file.ts";
import type { DeviceConfig } from "./config/device-config.ts";
import {
  type AgentConfig,
  deviceAgentDetails,
  deviceAgentOptions,
  deviceAgentSettings,
  readAgentConfig,
} from "./config.ts";
import { startDevice } from "./device/device.ts";
import { memoryInFile } from "./device/memory.ts";
import { createAgentMetrics } from "./metrics.ts";
import { openSandbox } from "./sandbox/sandbox.ts";

export const flow: Flow = {
  subscribes: ["weir/receipt/<publisher>", "devices/<id>/command", "homeassistant/status"],
  publishes: [
    "weir/publisher/<publisher>",
    "devices/<id>/state",
    "devices/<id>/command/ack",
    "devices/<id>/availability",
    "devices/<id>/log/<level>",
    "homeassistant/device/<id>/config",
  ],
};

export const deviceAgent: ServiceDefinition<AgentConfig> = {
  name: "device-agent",
  summary: "reports a device's state and executes commands.",
  settings: deviceAgentSettings,
  options: deviceAgentOptions,
  details: deviceAgentDetails,
  readConfig: readAgentConfig,
  start: startDeviceAgent,
};

/**
 * Runs one device: reports its state whatever happens to the connection, and obeys commands.
 *
 * @throws Fault when its folder cannot be written, or another process runs the same device in it.
 */
export async function startDeviceAgent(
  config: AgentConfig,
  context: ServiceContext,
): Promise<AsyncDisposable> {
  const { clock, logger, metrics, fail, stop } = context;
  const { device, broker, folder } = config;
  makeFolderAt(folder, "DEVICE_FOLDER");
  const counted = createAgentMetrics(metrics);

  await using opening = new AsyncDisposableStack();
  const journals = opening.use(openJournals({ file: join(folder, "journal.db") }));
  opening.use(
    startDevice({
      config: device,
      broker,
      journal: journals.of(device.address.id),
      memory: memoryInFile(join(folder, "memory.json")),
      sandbox: openSandbox(device.sandbox),
      outboxFile: outboxOf(device, folder),
      ...watchBroker(context),
      clientIdSetting: "DEVICE_ID",
      onState: ({ kind }) => counted.states.inc({ outcome: kind }),
      onCommand: (outcome) => counted.commands.inc({ outcome }),
      onFault: fail,
      restart: () => stop("the command restart"),
      clock,
      logger,
    }),
  );
  return opening.move();
}

/** `null` where there are no alarms, and none are left of an earlier configuration either. */
function outboxOf({ sources }: DeviceConfig, folder: string): string | null {
  const file = join(folder, "outbox.db");
  const hasAlarms = sources.some(({ delivery }) => delivery.class === "alarm");
  return hasAlarms || existsSync(file) ? file : null;
}
