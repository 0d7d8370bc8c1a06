import type { Delivery } from "@weir/delivery";
import { type CommandOutcome, deviceTopics } from "@weir/protocol";
import { type Clock, ConfigurationFault } from "@weir/runtime";
import { type CommandHandler, createCommandHandler } from "../command-life/handler.ts";
import type { Journal } from "../command-life/journal.ts";
import type { ConfiguredSource, DeviceConfig } from "../config/device-config.ts";
import { createDiscovery, type Discovery, type SensorDescription } from "../home-assistant.ts";
import { staleAfterMs } from "../report/meter.ts";
import { createReporter, type ReportedSource, type Reporter } from "../report/reporter.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { createRandom } from "../sources/random.ts";
import { createControl, type DeviceControl } from "./control.ts";
import {
  createDeviceLog,
  type DeviceConnection,
  kindOf,
  LOG_KIND,
  openDelivery,
} from "./delivery.ts";
import type { DeviceMemory } from "./memory.ts";

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
  const handler: CommandHandler = createCommandHandler({
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
  const delivery: Delivery<string> = openDelivery({
    ...options,
    handler,
    discovery,
    series: sources,
  });

  // Closed in reverse: no new states, then the command that runs, then the connection with what is told of both.
  opened.use(delivery);
  opened.use(handler);
  opened.use(reporter);
  handler.start();
  delivery.start();
  reporter.start();
  return opened;
}

interface DeviceDiscoveryOptions {
  config: DeviceConfig;
  sources: readonly OpenedSource[];
  reporter: Pick<Reporter, "intervalMs" | "rules">;
  control: Pick<DeviceControl, "intervalMinMs">;
}

/** `change_send_interval` takes a day at most. */
const INTERVAL_SECONDS_MAX = 86_400;

/** What makes a device known to Home Assistant; `null` where it is not to be. */
function createDeviceDiscovery(options: DeviceDiscoveryOptions): Discovery | null {
  const { config, sources, reporter, control } = options;
  const { homeAssistant, address, commands } = config;
  if (homeAssistant === null) return null;
  return createDiscovery({
    prefix: homeAssistant.prefix,
    describe: () => ({
      address,
      sensors: sources.flatMap((source) => sensorsOf(source, reporter)),
      commands: [...commands.values()],
      intervalSeconds: { min: control.intervalMinMs / 1_000, max: INTERVAL_SECONDS_MAX },
    }),
  });
}

function sensorsOf(
  { source, everyMs, rule }: OpenedSource,
  reporter: Pick<Reporter, "intervalMs" | "rules">,
): SensorDescription[] {
  // An attribute may be called as what every object has: toString.
  const own = new Map(Object.entries(reporter.rules()));
  return source.attributes.map((attribute) => {
    const intervalMs = everyMs ?? reporter.intervalMs();
    const staleMs = staleAfterMs(own.get(attribute.name) ?? rule, intervalMs);
    return { attribute, expireAfterSeconds: Math.ceil(staleMs / 1_000) };
  });
}

/** A source that is open, with the word that chose it. */
export interface OpenedSource extends ReportedSource {
  kind: string;
}

/**
 * Opens all sources of a device, active or not: commands may choose among them.
 *
 * @param activeNames those that commands have chosen; `null` for those of the configuration.
 * @throws Fault when one cannot be opened, ConfigurationFault when two have an attribute of the same name.
 */
export function openSources(
  { sources, seed, base }: Pick<DeviceConfig, "sources" | "seed" | "base">,
  activeNames: readonly string[] | null,
  clock: Clock,
): OpenedSource[] {
  using opening = new DisposableStack();
  const chosen = stillThere(sources, activeNames);
  const opened = sources.map((configured, index) => {
    const { name, kind, options, everyMs, delivery, rule } = configured;
    const random = createRandom(seed === null ? null : seed + index);
    const source = opening.use(kind.open(options, { name, random, clock, base }));
    const isActive = chosen === null ? configured.isActive : chosen.includes(name);
    return { name, kind: kind.name, source, isActive, everyMs, delivery, rule };
  });
  const clashes = clashesOf(sources, opened);
  if (clashes.length > 0) throw new ConfigurationFault(clashes);
  opening.move();
  return opened;
}

/** What was chosen once and is not configured any more is forgotten; `null` when nothing is left of it. */
function stillThere(
  sources: readonly ConfiguredSource[],
  names: readonly string[] | null,
): readonly string[] | null {
  const left = (names ?? []).filter((name) => sources.some((source) => source.name === name));
  return left.length === 0 ? null : left;
}

/** A line for each attribute that an earlier source has, too. */
function clashesOf(
  configured: readonly ConfiguredSource[],
  opened: readonly OpenedSource[],
): string[] {
  const owners = new Map<string, string>();
  return opened.flatMap(({ name, source }, index) =>
    source.attributes.flatMap((attribute) => {
      const owner = owners.get(attribute.name);
      owners.set(attribute.name, owner ?? name);
      if (owner === undefined) return [];
      const where = configured[index]?.where ?? `sources.${name}`;
      return `${where}: its attribute ${attribute.name} is one of the source ${owner}, too; give one of them another name, or its attributes (see docs/reference/sources.md)`;
    }),
  );
}
