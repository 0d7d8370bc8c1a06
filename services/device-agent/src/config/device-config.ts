import { join, resolve, sep } from "node:path";
import type { KindSettings } from "@weir/delivery";
import type { DeviceAddress } from "@weir/protocol";
import { didYouMean, type Problem, type SettingValues } from "@weir/runtime";
import type { DeviceCommand } from "../commands/command.ts";
import type { SandboxOptions } from "../control/sandbox.ts";
import type { AgentFile } from "./agent-file.ts";
import type { deviceAgentSettings } from "./config.ts";
import {
  type ConfiguredSource,
  chooseSources,
  DEFAULT_SOURCES,
  readSources,
  type SourcesContext,
} from "./source-config.ts";

/** A device, as it is configured. */
export interface DeviceConfig {
  address: DeviceAddress;
  /** Between two reports, and the least that `change_send_interval` may set, in milliseconds. */
  intervalMs: number;
  intervalMinMs: number;
  sources: readonly ConfiguredSource[];
  /** The commands that the device executes, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  sandbox: SandboxOptions;
  /** `null` does not announce the device to Home Assistant. */
  homeAssistant: { prefix: string } | null;
  /** For random sources; `null` for cryptographic randomness. */
  seed: number | null;
  /** The folder that relative paths start from: that of agent.yaml. */
  base: string;
  /** How long the broker keeps commands for a device that is away, in seconds. */
  sessionExpirySeconds: number;
  /** How often it tries to reach a broker that is away: every ten seconds or more often, or less and less often. */
  power: "mains" | "battery";
  /** Topics, or their first levels, that others subscribe to: no response goes there. */
  reservedTopics: readonly string[];
  /** What removes an alarm from the outbox. */
  confirm: "receipt" | "puback";
}

export interface DeviceContext {
  values: SettingValues<typeof deviceAgentSettings>;
  /** The folder of agent.yaml. */
  base: string;
  kinds: SourcesContext["kinds"];
  whereIs: SourcesContext["whereIs"];
  commands: readonly DeviceCommand[];
}

const TELEMETRY: KindSettings = { class: "telemetry" };
const INTERVAL_MS = 10_000;
const INTERVAL_MIN_MS = 10_000;
const QUOTA_BYTES = 5e9;
const RESERVE_BYTES = 1e9;
const HOME_ASSISTANT = { prefix: "homeassistant" };

/** A device, and every problem of its configuration: the environment over agent.yaml over the defaults. */
export function deviceConfig(
  file: AgentFile,
  { values, base, kinds, commands, whereIs }: DeviceContext,
): { device: DeviceConfig; problems: Problem[] } {
  const problems: Problem[] = [];
  const context = { kinds, delivery: file.delivery ?? TELEMETRY, whereIs, problems };
  const configured = readSources(file.sources ?? DEFAULT_SOURCES, context);
  // DEVICE_SOURCES may name a source that is invalid: report that source only.
  const sources =
    values.DEVICE_SOURCES === null || problems.length > 0
      ? configured
      : chooseSources(configured, values.DEVICE_SOURCES, context);

  const { interval = INTERVAL_MS, intervalMin } = file;
  const seconds = values.DEVICE_INTERVAL_SECONDS;
  const intervalMs = seconds === null ? interval : seconds * 1_000;
  if (intervalMin !== undefined && intervalMin > interval) {
    const words = `it is longer than interval, ${interval / 1_000}s; make it at most that`;
    problems.push({ path: ["intervalMin"], words, of: [["interval"], ["intervalMin"]] });
  }

  const folder = resolve(values.DEVICE_FOLDER, file.sandbox?.folder ?? "sandbox");
  const own = resolve(values.DEVICE_FOLDER);
  // Commands must not reach the device's own files.
  if (own === folder || own.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    const words = `the journal of the device is in this folder (${join(own, "journal.db")}); name another folder`;
    problems.push({ path: ["sandbox", "folder"], words });
  }

  const device: DeviceConfig = {
    address: { prefix: values.DEVICE_PREFIX, id: values.DEVICE_ID },
    intervalMs,
    // A command may set what the operator has set.
    intervalMinMs: Math.min(intervalMs, intervalMin ?? INTERVAL_MIN_MS),
    sources,
    commands: allowedCommands(commands, file.commands?.allow, problems),
    sandbox: {
      folder,
      quotaBytes: file.sandbox?.quota ?? QUOTA_BYTES,
      reserveBytes: file.sandbox?.reserve ?? RESERVE_BYTES,
    },
    homeAssistant: homeAssistant(file.homeAssistant, values.DEVICE_HOME_ASSISTANT),
    seed: file.seed ?? null,
    base,
    sessionExpirySeconds: values.DEVICE_SESSION_EXPIRY_SECONDS,
    power: file.power ?? "mains",
    confirm: values.DEVICE_CONFIRM,
    reservedTopics: reservedTopics(file, values),
  };
  return { device, problems };
}

/** The configured topics of readings, statistics, devices and Home Assistant. */
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

/** @param allow names of commands; `undefined` allows all. */
function allowedCommands(
  commands: readonly DeviceCommand[],
  allow: readonly string[] | undefined,
  problems: Problem[],
): ReadonlyMap<string, DeviceCommand> {
  const known = new Map(commands.map((command) => [command.name, command]));
  if (allow === undefined) return known;
  const names = [...known.keys()];
  for (const [index, name] of allow.entries()) {
    if (known.has(name)) continue;
    const path = ["commands", "allow", String(index)];
    const words = `there is no such command${didYouMean(name, names)} (there are ${names.join(", ")})`;
    problems.push({ path, words, of: [path, ["commands", "folder"]] });
  }
  return new Map([...known].filter(([name]) => allow.includes(name)));
}
