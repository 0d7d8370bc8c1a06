import type { Clock } from "@weir/clock";
import type { BrokerConfig } from "@weir/config";
import { createDelivery, type Delivery, type Outcome } from "@weir/delivery";
import { type CommandOutcome, deviceTopics } from "@weir/messages";
import type { ServiceContext } from "@weir/service";
import type { DeviceConfig } from "../config.ts";
import type { CommandDesk } from "../life/command-desk.ts";
import { createCommandDesk } from "../life/create-command-desk.ts";
import type { Journal } from "../life/journal.ts";
import { createReporter } from "../report/create-reporter.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { DeviceControl } from "./control.ts";
import { createControl } from "./create-control.ts";
import { kindOf, kindsOf, LOG_KIND } from "./deliveries.ts";
import { createDeviceDiscovery } from "./device-discovery.ts";
import { createDeviceLog } from "./device-log.ts";
import type { DeviceMemory } from "./memory.ts";
import { openSources } from "./open-sources.ts";

export interface DeviceOptions {
  config: DeviceConfig;
  broker: BrokerConfig;
  journal: Journal;
  memory: DeviceMemory;
  sandbox: Sandbox;
  /** Where alarms wait; needed as soon as one source is delivered as one. */
  outboxFile: string | null;
  onConnected: () => void;
  onDisconnected: (reason: string) => void;
  /** Called with what became of each state, and how many bytes of alarms wait. */
  onState: (outcome: Outcome) => void;
  onCommand: (outcome: CommandOutcome) => void;
  /** Called when journal or outbox fail, after which nothing is promised. */
  onFault: (fault: unknown) => void;
  restart: () => void;
  clock: Clock;
  logger: ServiceContext["logger"];
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
    intervalMs: remembered.intervalMs ?? config.intervalMs,
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
    control,
    journal: options.journal,
    log,
    clock,
    onEnded: (_, outcome) => options.onCommand(outcome),
    onFault,
  });
  const discovery = createDeviceDiscovery({ config, sources, reporter, control });
  const delivery: Delivery<string> = createDelivery({
    link: {
      broker: options.broker,
      clientId: address.id,
      session: { kind: "persistent", expirySeconds: config.sessionExpirySeconds },
      subscriptions: [desk.subscription, ...(discovery === null ? [] : [discovery.subscription])],
      availability: { topic: topics.availability },
      onMessage: (message) => {
        if (!desk.receive(message)) discovery?.receive(message);
      },
      onDropped: desk.dropped,
      onConnected: () => {
        options.onConnected();
        discovery?.connected(delivery);
        desk.connected(delivery);
      },
      onDisconnected: (reason) => {
        options.onDisconnected(reason);
        discovery?.disconnected();
        desk.disconnected();
      },
      logger,
    },
    kinds: kindsOf(sources),
    ...(options.outboxFile === null
      ? {}
      : {
          outbox: {
            file: options.outboxFile,
            publisher: address.id,
            confirm: config.confirm,
            onFault,
          },
        }),
    onEarlierOutcome: options.onState,
    clock,
  });

  // Closed in reverse: no new states, then the command that runs, then the connection with what is told of both.
  opened.use(delivery);
  opened.use(desk);
  opened.use(reporter);
  desk.start();
  delivery.start();
  reporter.start();
  return opened;
}

/** Whether some source of a device is delivered as an alarm. */
export function hasAlarms({ sources }: Pick<DeviceConfig, "sources">): boolean {
  return sources.some(({ delivery }) => delivery.class === "alarm");
}
