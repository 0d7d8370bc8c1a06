import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Flow } from "@weir/protocol";
import {
  Counter,
  makeFolderAt,
  type ServiceContext,
  type ServiceDefinition,
  watchBroker,
} from "@weir/runtime";
import { openJournals } from "./command-life/journal.ts";
import {
  type AgentConfig,
  deviceAgentDetails,
  deviceAgentOptions,
  deviceAgentSettings,
  readAgentConfig,
} from "./config/config.ts";
import { memoryInFile } from "./control/control.ts";
import { startDevice } from "./device/device.ts";

// What a user's own sources and commands import.
export type { CommandContext, DeviceCommand } from "./commands/command.ts";
export type { DeviceControl } from "./control/control.ts";
export { Refusal } from "./control/sandbox.ts";
export type { Attribute, Sample, Source, SourceContext, SourceKind } from "./sources/source.ts";

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
 * Runs one device: it reports its state and executes commands, with or without a connection.
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
  const states = new Counter({
    name: "weir_device_states_total",
    help: "States by outcome: sent, delivered, expired, dropped, refused, abandoned, kept.",
    labelNames: ["outcome"],
    registers: [metrics],
  });
  const commands = new Counter({
    name: "weir_device_commands_total",
    help: "Commands by how they ended.",
    labelNames: ["outcome"],
    registers: [metrics],
  });
  const hasAlarms = device.sources.some(({ delivery }) => delivery.class === "alarm");
  const outboxFile = join(folder, "outbox.db");

  await using opening = new AsyncDisposableStack();
  const journals = opening.use(openJournals(join(folder, "journal.db")));
  opening.use(
    startDevice({
      config: device,
      connection: { broker, clientIdSetting: "DEVICE_ID", ...watchBroker(context) },
      journal: journals.of(device.address.id),
      memory: memoryInFile(join(folder, "memory.json")),
      // Without alarms the outbox is opened only for those that an earlier configuration has left.
      outboxFile: hasAlarms || existsSync(outboxFile) ? outboxFile : null,
      onState: ({ kind }) => states.inc({ outcome: kind }),
      onCommand: (outcome) => commands.inc({ outcome }),
      onFault: fail,
      restart: () => stop("the command restart"),
      clock,
      logger,
    }),
  );
  return opening.move();
}
