import {
  createDelivery,
  type Delivery,
  type KindSettings,
  ON_BATTERY,
  ON_MAINS,
  type Outcome,
} from "@weir/delivery";
import type { ClientOptions } from "@weir/mqtt";
import { type CommandOutcome, type DeviceLogLevel, deviceTopics } from "@weir/protocol";
import { type Clock, ConfigurationFault, type ServiceContext } from "@weir/runtime";
import { CommandHandler } from "../command-life/handler.ts";
import type { Journal } from "../command-life/journal.ts";
import type { DeviceConfig } from "../config/device-config.ts";
import {
  createControl,
  type DeviceControl,
  type DeviceMemory,
  INTERVAL_MS_MAX,
} from "../control/control.ts";
import { openSandbox } from "../control/sandbox.ts";
import { Reporter } from "../report/reporter.ts";
import { deliveryKey, type ReportedSource, type StateSeries } from "../report/schedule.ts";
import { createRandom } from "../sources/random.ts";
import { Discovery } from "./discovery.ts";
import type { SensorDescription } from "./home-assistant.ts";

export interface DeviceOptions {
  config: DeviceConfig;
  /** The broker, and who is called about the connection to it. */
  connection: Pick<
    ClientOptions,
    "broker" | "clientIdSetting" | "onConnected" | "onDisconnected" | "onShortfalls" | "onTakeover"
  >;
  journal: Journal;
  memory: DeviceMemory;
  /** Where alarms wait; required if a source is delivered as `alarm`. */
  outboxFile: string | null;
  /** Called with the outcome of each state, also of those that an earlier run has left in the outbox. */
  onState: (outcome: Outcome) => void;
  onCommand: (outcome: CommandOutcome) => void;
  /** Called when journal or outbox fail. From then on nothing is guaranteed. */
  onFault: (fault: unknown) => void;
  restart: () => void;
  clock: Clock;
  logger: ServiceContext["logger"];
}

/**
 * Starts one device: it measures, reports and executes commands. Disposing of it ends intake first and flushes after.
 *
 * @throws Fault when its sandbox, its memory, a source or the outbox cannot be opened.
 */
export function startDevice(options: DeviceOptions): AsyncDisposable {
  const { config, memory, clock, logger, onFault } = options;
  const { address, commands, homeAssistant, intervalMinMs } = config;
  const topics = deviceTopics(address);
  const sandbox = openSandbox(config.sandbox);
  const remembered = memory.recall();
  const sources = openSources(config, remembered.activeSources, clock);

  const writer =
    (level: DeviceLogLevel) =>
    (message: string, details: object = {}): void => {
      logger[level](details, message);
      const line = { time: clock.now(), message, ...details };
      delivery.send(LOG_KIND, topics.log(level), line).catch(onFault);
    };
  const log = { info: writer("info"), warn: writer("warn"), error: writer("error") };
  const reporter = new Reporter({
    sources,
    // A new configuration may have raised the least interval since a command set this one.
    intervalMs: Math.max(remembered.intervalMs ?? config.intervalMs, intervalMinMs),
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
    id: address.id,
    intervalMinMs,
    commands,
    sources,
    reporter,
    memory,
    sandbox,
    onChange: () => discovery.refresh(),
    restart: options.restart,
  });
  const handler = new CommandHandler({
    device: address,
    commands,
    reservedTopics: config.reservedTopics,
    control,
    journal: options.journal,
    log,
    clock,
    onEnded: options.onCommand,
    onFault,
  });
  const discovery = new Discovery({
    prefix: homeAssistant?.prefix ?? null,
    address,
    describe: () => ({
      address,
      sensors: sources.flatMap((source) => sensorsOf(source, reporter)),
      commands: [...commands.values()],
      intervalSeconds: { min: intervalMinMs / 1_000, max: INTERVAL_MS_MAX / 1_000 },
    }),
    memory,
    logger,
  });
  const delivery: Delivery<string> = openConnection(options, handler, discovery);

  // Closed in reverse: no new states, then the running command, then the connection that sends both.
  const opened = new AsyncDisposableStack();
  opened.use(delivery);
  opened.use(handler);
  opened.use(reporter);
  handler.start();
  delivery.start();
  reporter.start();
  return opened;
}

function sensorsOf({ source }: OpenedSource, reporter: Reporter): SensorDescription[] {
  return source.attributes.map((attribute) => ({
    attribute,
    expireAfterSeconds: Math.ceil(reporter.staleAfterMs(attribute.name) / 1_000),
  }));
}

/** An open source, with the name of its kind. */
interface OpenedSource extends ReportedSource {
  kind: string;
}

/**
 * Opens all sources of a device, also inactive ones: commands may activate them.
 *
 * @param activeNames those that commands have activated; `null` for those of the configuration.
 * @throws Fault when one cannot be opened, ConfigurationFault when two have an attribute of the same name.
 */
export function openSources(
  { sources, seed, base }: Pick<DeviceConfig, "sources" | "seed" | "base">,
  activeNames: readonly string[] | null,
  clock: Clock,
): OpenedSource[] {
  using opening = new DisposableStack();
  // Names that are no longer configured are ignored.
  const active = sources.filter(({ name }) => activeNames?.includes(name));
  const owners = new Map<string, string>();
  const clashes: string[] = [];
  const opened = sources.map((configured, index) => {
    const { name, where, kind, options, everyMs, delivery, rule } = configured;
    const random = createRandom(seed === null ? null : seed + index);
    const source = opening.use(kind.open(options, { name, random, clock, base }));
    for (const attribute of source.attributes) {
      const owner = owners.get(attribute.name);
      owners.set(attribute.name, owner ?? name);
      if (owner === undefined) continue;
      clashes.push(
        `${where ?? `sources.${name}`}: its attribute ${attribute.name} is also one of the source ${owner}; rename one of them, or its attributes (see docs/reference/sources.md)`,
      );
    }
    const isActive = active.length === 0 ? configured.isActive : active.includes(configured);
    return { name, kind: kind.name, source, isActive, everyMs, delivery, rule };
  });
  if (clashes.length > 0) throw new ConfigurationFault(clashes);
  opening.move();
  return opened;
}

/** The kind of log lines among a device's messages. */
const LOG_KIND = "log";
/** After so long a log line is dropped. */
const LOG_TTL_MS = 60_000;

/** The kind of message for the states of a series. */
function kindOf({ delivery, everyMs }: StateSeries): string {
  return `state ${deliveryKey(delivery)} ${everyMs ?? "device"}`;
}

/**
 * Opens a device's connection: it passes messages to the handler and to Home Assistant's discovery, and sends
 * each state by the delivery class of its series.
 *
 * @throws Fault when another process has the outbox open, or it cannot be written.
 */
function openConnection(
  { config, connection, outboxFile, onState, onFault, clock, logger }: DeviceOptions,
  handler: CommandHandler,
  discovery: Discovery,
): Delivery<string> {
  const { address } = config;
  const kinds: Record<string, KindSettings> = {
    [LOG_KIND]: { class: "event", ttlMs: LOG_TTL_MS },
    ...Object.fromEntries(config.sources.map((one) => [kindOf(one), one.delivery])),
  };
  const delivery: Delivery<string> = createDelivery({
    client: {
      ...connection,
      clientId: address.id,
      session: { kind: "persistent", expirySeconds: config.sessionExpirySeconds },
      subscriptions: [handler.subscription, ...discovery.subscriptions],
      availability: { topic: deviceTopics(address).availability },
      onMessage: (message) => {
        if (!handler.receive(message)) discovery.receive(message);
      },
      onDropped: (message) => handler.dropped(message),
      onConnected: (connected) => {
        connection.onConnected?.(connected);
        discovery.connected(delivery);
        handler.connected(delivery);
      },
      onDisconnected: (reason, remedy) => {
        connection.onDisconnected?.(reason, remedy);
        discovery.disconnected();
        handler.disconnected();
      },
      logger,
    },
    kinds,
    ...(outboxFile !== null && {
      outbox: {
        file: outboxFile,
        publisher: address.id,
        confirm: config.confirm,
        onLocked: (isLocked) => {
          const file = outboxFile;
          if (isLocked) logger.warn({ file }, "another program has locked the outbox: alarms wait");
          else logger.info({ file }, "the outbox is no longer locked");
        },
        onFault,
      },
    }),
    onEarlierOutcome: onState,
    power: config.power === "mains" ? ON_MAINS : ON_BATTERY,
    clock,
  });
  return delivery;
}
