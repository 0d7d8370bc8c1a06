import {
  brokerSettings,
  choice,
  httpPortSetting,
  integer,
  optionalInteger,
  optionalText,
  processSettings,
  section,
  text,
  topicSettings,
} from "@weir/config";
import { NAME_RULE, nameProblem } from "@weir/messages";
import type { Option } from "@weir/service";
import { streamSettings } from "@weir/streams";
import { topicStartProblem } from "./words.ts";

/** What the environment says of a device. The rest is in agent.yaml. */
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
        "Folder of the device's journal, outbox, memory and sandbox; made where it is missing. Each process has one of its own.",
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
        "How often the device reports, in seconds; as in agent.yaml unless it is set, or else 10.",
      min: 1,
      max: 86_400,
    }),
    DEVICE_SOURCES: optionalText({
      description:
        "The sources that are active, by their names in agent.yaml or by their kinds; as in agent.yaml unless it is set.",
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
        "Whether Home Assistant is told of the device; as in agent.yaml unless it is set, or else on.",
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
  // Of no topic of its own: no answer to a command goes there.
  ...topicSettings,
  DEVICE_TOPIC_PREFIXES: streamSettings.DEVICE_TOPIC_PREFIXES,
  ...processSettings,
};

/** The command line: what each option sets. */
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

/** Everybody on the machine can read the command lines of its processes. */
function passwordProblem(url: string): string | null {
  return /^[^/]*:\/\/[^/]*:[^/]*@/.test(url)
    ? "no password stands on the command line, where everybody on this machine can read it; put it into a file that BROKER_PASSWORD_FILE names, or into BROKER_PASSWORD of the environment or .env"
    : null;
}
