import type { Delivery } from "@weir/delivery";
import { type CommandOutcome, deviceTopics } from "@weir/messages";
import type { CommandDesk } from "../life/command-desk.ts";
import { createCommandDesk } from "../life/create-command-desk.ts";
import type { Journal } from "../life/journal.ts";
import { createReporter } from "../report/create-reporter.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { DeviceControl } from "./control.ts";
import { createControl } from "./create-control.ts";
import { kindOf, LOG_KIND } from "./deliveries.ts";
import { createDeviceDiscovery } from "./device-discovery.ts";
import { createDeviceLog } from "./device-log.ts";
import type { DeviceMemory } from "./memory.ts";
import { type DeviceConnection, openDelivery } from "./open-delivery.ts";
import { openSources } from "./open-sources.ts";

export interface DeviceOptions extends DeviceConnection {
  journal: Journal;
  memory: DeviceMemory;
  sandbox: Sandbox;
  onCommand: (outcome: CommandOutcome) => void;
  restart: () => void;
}

/** One device: measures, reports, obeys. Disposing of it ends intake first and flushes after. */
export function startDevice(options: DeviceOptions): AsyncDisposable {
  const { config, memory, clock, logger, onFault } = options;
  const { address } = config;
  const topics = deviceTopics(address);
  const remembered = memory.recall();
  const sources = openSources(config, remembered.activeSources, clock);
  const opened = new AsyncDisposableStack();

  const log = createDeviceLog({
    logger,
    send: (level, line) => void delivery.send(LOG_KIND, topics.log(level), line).catch(onFault),
    clock,
  });
  const reporter = createReporter({
    sources,
    // The least interval may have been raised since a command set this one.
    intervalMs: Math.max(remembered.intervalMs ?? config.intervalMs, config.intervalMinMs),
    rules: remembered.rules,
    send: async (series, state) => {
      const outcome = await delivery.send(kindOf(series), topics.state, state);
      options.onState(outcome);
      return outcome;
    },
    log,
    clock,
  });
  const control: DeviceControl = createControl({
    ...options,
    sources,
    reporter,
    onChange: () => discovery?.refresh(),
  });
  const desk: CommandDesk = createCommandDesk({
    device: address,
    commands: config.commands,
    reservedTopics: config.reservedTopics ?? [],
    control,
    journal: options.journal,
    log,
    clock,
    onEnded: (_, outcome) => options.onCommand(outcome),
    onFault,
  });
  const discovery = createDeviceDiscovery({ config, sources, reporter, control });
  const delivery: Delivery<string> = openDelivery({ ...options, desk, discovery, series: sources });

  // Closed in reverse: no new states, then the command that runs, then the connection with what is told of both.
  opened.use(delivery);
  opened.use(desk);
  opened.use(reporter);
  desk.start();
  delivery.start();
  reporter.start();
  return opened;
}
