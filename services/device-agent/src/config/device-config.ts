import { join, resolve, sep } from "node:path";
import type { KindSettings } from "@weir/delivery";
import type { DeviceAddress } from "@weir/protocol";
import type { Problem, SettingValues } from "@weir/runtime";
import type { DeviceCommand } from "../commands/command.ts";
import type { deviceAgentSettings } from "../config.ts";
import type { DeadbandRule } from "../report/deadband.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import type { SourceKind } from "../sources/source.ts";
import { type AgentFile, allowedCommands } from "./agent-file.ts";
import { kindSettings } from "./report-entry.ts";
import { chooseSources, DEFAULT_SOURCES, readSources, type SourcesContext } from "./sources.ts";

export interface DeviceContext {
  values: SettingValues<typeof deviceAgentSettings>;
  /** The folder of agent.yaml. */
  base: string;
  kinds: SourcesContext["kinds"];
  whereIs: SourcesContext["whereIs"];
  commands: readonly DeviceCommand[];
}

const INTERVAL_MS = 10_000;
const INTERVAL_MIN_MS = 10_000;
const QUOTA_BYTES = 5e9;
const RESERVE_BYTES = 1e9;
const HOME_ASSISTANT = { prefix: "homeassistant" };

/** A device: the environment over agent.yaml over the defaults; and everything that is wrong with it. */
export function deviceConfig(
  file: AgentFile,
  { values, base, kinds, commands, whereIs }: DeviceContext,
): { device: DeviceConfig; problems: Problem[] } {
  const context = { kinds, delivery: kindSettings(file.delivery), whereIs };
  const read = readSources(file.sources ?? DEFAULT_SOURCES, context);
  // Of sources that are wrong it cannot be told whether they were meant.
  const chosen =
    values.DEVICE_SOURCES === null || read.problems.length > 0
      ? { sources: read.sources, problems: [] }
      : chooseSources(read.sources, values.DEVICE_SOURCES, context);
  const allowed = allowedCommands(commands, file.commands?.allow);
  const sandbox = sandboxOptions(file.sandbox, values.DEVICE_FOLDER);

  const device: DeviceConfig = {
    address: { prefix: values.DEVICE_PREFIX, id: values.DEVICE_ID },
    ...intervals(file, values.DEVICE_INTERVAL_SECONDS),
    sources: chosen.sources,
    commands: allowed.commands,
    sandbox,
    homeAssistant: homeAssistant(file.homeAssistant, values.DEVICE_HOME_ASSISTANT),
    seed: file.seed ?? null,
    base,
    sessionExpirySeconds: values.DEVICE_SESSION_EXPIRY_SECONDS,
    power: file.power ?? "mains",
    confirm: values.DEVICE_CONFIRM,
    reservedTopics: reservedTopics(file, values),
  };
  const problems = [
    ...read.problems,
    ...chosen.problems,
    ...allowed.problems,
    ...intervalProblems(file),
    ...sandboxProblems(sandbox, values.DEVICE_FOLDER),
  ];
  return { device, problems };
}

function intervals(
  file: AgentFile,
  seconds: number | null,
): Pick<DeviceConfig, "intervalMs" | "intervalMinMs"> {
  const intervalMs = seconds === null ? (file.interval ?? INTERVAL_MS) : seconds * 1_000;
  // What the operator has set, a command may set as well.
  const intervalMinMs = Math.min(intervalMs, file.intervalMin ?? INTERVAL_MIN_MS);
  return { intervalMs, intervalMinMs };
}

function intervalProblems({ interval = INTERVAL_MS, intervalMin }: AgentFile): Problem[] {
  if (intervalMin === undefined || intervalMin <= interval) return [];
  const words = `it is longer than interval, ${interval / 1_000}s; make it at most that`;
  return [{ path: ["intervalMin"], words, of: [["interval"], ["intervalMin"]] }];
}

function sandboxOptions(entry: AgentFile["sandbox"], folder: string): SandboxOptions {
  return {
    folder: resolve(folder, entry?.folder ?? "sandbox"),
    quotaBytes: entry?.quota ?? QUOTA_BYTES,
    reserveBytes: entry?.reserve ?? RESERVE_BYTES,
  };
}

/** The device's own files are nothing that commands should come near to. */
function sandboxProblems({ folder }: SandboxOptions, deviceFolder: string): Problem[] {
  const own = resolve(deviceFolder);
  if (own !== folder && !own.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return [];
  const words = `the journal of the device is in there (${join(own, "journal.db")}); name a folder of its own`;
  return [{ path: ["sandbox", "folder"], words }];
}

/** Where the suite hears readings, states and Home Assistant's devices, as far as this device is told. */
function reservedTopics({ homeAssistant }: AgentFile, values: DeviceContext["values"]): string[] {
  const { prefix } = typeof homeAssistant === "object" ? homeAssistant : HOME_ASSISTANT;
  const prefixes = values.DEVICE_TOPIC_PREFIXES.split(",").map((one) => one.trim());
  return [values.TOPIC, values.STATS_TOPIC, prefix, ...prefixes.filter((one) => one !== "")];
}

function homeAssistant(
  entry: AgentFile["homeAssistant"],
  setting: string | null,
): DeviceConfig["homeAssistant"] {
  const isOn = setting === null ? entry !== false : setting === "on";
  if (!isOn) return null;
  return typeof entry === "object" ? entry : HOME_ASSISTANT;
}

/** A source, as it is configured. */
export interface ConfiguredSource {
  name: string;
  /** `agent.yaml:12: sources.walk`, for what is wrong with it when it is opened. */
  where?: string;
  kind: SourceKind;
  /** What `kind.options` made of the configuration. */
  options: unknown;
  isActive: boolean;
  /** `null` follows the device's interval. */
  everyMs: number | null;
  delivery: KindSettings;
  rule: DeadbandRule;
}

/** A device, as it is configured. */
export interface DeviceConfig {
  address: DeviceAddress;
  /** Between two reports, and what `change_send_interval` may set at least, in milliseconds. */
  intervalMs: number;
  intervalMinMs: number;
  sources: readonly ConfiguredSource[];
  /** What the device obeys, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  sandbox: SandboxOptions;
  /** `null` tells Home Assistant nothing. */
  homeAssistant: { prefix: string } | null;
  /** For random sources; `null` for cryptographic randomness. */
  seed: number | null;
  /** The folder that relative paths start from: that of agent.yaml. */
  base: string;
  /** How long the broker keeps commands for a device that is away, in seconds. */
  sessionExpirySeconds: number;
  /** How it looks for a broker that is away: at least every ten seconds, or ever less often. */
  power: "mains" | "battery";
  /** Topics, or beginnings of them, that mean something to others: no answer goes there. */
  reservedTopics?: readonly string[];
  /** What ends the stay of an alarm in the outbox. */
  confirm: "receipt" | "puback";
}
