import { resolve } from "node:path";
import { NAME_RULE, nameProblem } from "@weir/protocol";
import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  CheckedSettings,
  choice,
  type Environment,
  httpPortSetting,
  integer,
  type Option,
  optionalInteger,
  optionalText,
  type ProcessConfig,
  processConfig,
  processSettings,
  readConfigFile,
  section,
  text,
  topicSettings,
} from "@weir/runtime";
import { streamSettings } from "@weir/streams";
import { DEVICE_COMMANDS, loadCommands } from "../commands/index.ts";
import { loadSourceKinds, SOURCE_KINDS } from "../sources/index.ts";
import { agentFileFormat, topicStartProblem } from "./agent-file.ts";
import { type DeviceConfig, deviceConfig } from "./device-config.ts";

export interface AgentConfig {
  process: ProcessConfig;
  broker: BrokerConfig;
  device: DeviceConfig;
  /** The folder of journal, outbox and memory. */
  folder: string;
}

/**
 * Reads a device: the environment over agent.yaml over the defaults.
 *
 * @throws ConfigurationFault with every problem: file, line, path, value and remedy.
 * @throws Fault when a plugin, a source or command of the user's own, cannot be used.
 */
export function readAgentConfig(environment: Environment): AgentConfig {
  const settings = new CheckedSettings(deviceAgentSettings, environment);
  const device = readConfigFile(
    settings,
    { variable: "AGENT_FILE", needs: deviceAgentSettings, format: agentFileFormat },
    (values, { content, folder: base, whereIs }) => {
      const { sourceFolder, commands } = content;
      const loaded = <T>(load: (folder: string) => T[], plugins?: string): T[] =>
        plugins === undefined ? [] : load(resolve(base, plugins));
      const { device, problems } = deviceConfig(content, {
        values,
        base,
        whereIs,
        kinds: [...SOURCE_KINDS, ...loaded(loadSourceKinds, sourceFolder)],
        commands: [...DEVICE_COMMANDS, ...loaded(loadCommands, commands?.folder)],
      });
      return { config: device, problems };
    },
  );
  const values = settings.values();
  return {
    process: processConfig(values, values.DEVICE_AGENT_HTTP_PORT),
    broker: brokerConfig(values),
    device,
    folder: values.DEVICE_FOLDER,
  };
}

/** The part of `--help` after the settings. */
export const deviceAgentDetails = [
  `Kinds of sources (--source names one, or a source of agent.yaml; several with commas):\n${listOf(SOURCE_KINDS)}`,
  `Commands that the device executes:\n${listOf(DEVICE_COMMANDS)}`,
  "config/agent.example.yaml shows every key of agent.yaml.",
].join("\n\n");

function listOf(described: readonly { name: string; summary: string }[]): string {
  const width = Math.max(...described.map(({ name }) => name.length));
  return described.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
}

/** The settings of a device in the environment. The rest is in agent.yaml. */
export const deviceAgentSettings = {
  ...brokerSettings,
  ...section("Device agent", {
    DEVICE_ID: text({
      description:
        "Name of the device, in its topics and as its MQTT client id. Two devices on one broker need two.",
      default: "kitchen",
      allowed: NAME_RULE,
      problem: nameProblem,
    }),
    DEVICE_PREFIX: text({
      description:
        "First level of the device's topics; the logger takes those of DEVICE_TOPIC_PREFIXES.",
      default: "devices",
      allowed: "what a topic may begin with",
      problem: topicStartProblem,
    }),
    DEVICE_FOLDER: text({
      description:
        "Folder of the device's journal, outbox, memory and sandbox; created if it is missing. Each process needs its own.",
      default: "data/device",
      allowed: "a path",
    }),
    AGENT_FILE: text({
      description:
        "File of the device's sources and commands; without one it measures its disk, itself and a random walk.",
      default: "config/agent.yaml",
      allowed: "a path",
    }),
    DEVICE_INTERVAL_SECONDS: optionalInteger({
      description:
        "How often the device reports, in seconds. Default: the value in agent.yaml, or 10.",
      min: 1,
      max: 86_400,
    }),
    DEVICE_SOURCES: optionalText({
      description:
        "The sources that are active, by their names in agent.yaml or by their kinds. Default: those that agent.yaml activates.",
      allowed: "names separated by commas",
      pattern: /[^\s,]/,
    }),
    DEVICE_CONFIRM: choice({
      description:
        "receipt: an alarm leaves the outbox when a logger has stored it. puback: when the broker has it, for brokers without Weir's logger.",
      default: "receipt",
      of: ["receipt", "puback"],
    }),
    DEVICE_HOME_ASSISTANT: optionalText({
      description:
        "Whether the device announces itself to Home Assistant. Default: the value in agent.yaml, or on.",
      allowed: "one of on, off",
      pattern: /^(on|off)$/,
    }),
    DEVICE_SESSION_EXPIRY_SECONDS: integer({
      description: "How long the broker keeps commands for a device that is away, in seconds.",
      default: 604_800,
      min: 60,
      max: 4_294_967_294,
    }),
    DEVICE_AGENT_HTTP_PORT: httpPortSetting(9_105),
  }),
  // Read only to reserve these topics: no response to a command goes there.
  ...topicSettings,
  DEVICE_TOPIC_PREFIXES: streamSettings.DEVICE_TOPIC_PREFIXES,
  ...processSettings,
};

/** The setting of each option of the command line. */
export const deviceAgentOptions: Readonly<Record<string, string | Option>> = {
  id: "DEVICE_ID",
  broker: { variable: "BROKER_URL", problem: passwordProblem },
  source: "DEVICE_SOURCES",
  interval: "DEVICE_INTERVAL_SECONDS",
  folder: "DEVICE_FOLDER",
  file: "AGENT_FILE",
  prefix: "DEVICE_PREFIX",
  "http-port": "DEVICE_AGENT_HTTP_PORT",
};

/** Every user of a machine can read the command lines of its processes. */
function passwordProblem(url: string): string | null {
  return /^[^/]*:\/\/[^/]*:[^/]*@/.test(url)
    ? "a password must not be on the command line, where every user of this machine can read it; put it into a file that BROKER_PASSWORD_FILE names, or into BROKER_PASSWORD of the environment or .env"
    : null;
}
