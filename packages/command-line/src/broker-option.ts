import {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  type Environment,
  readSettings,
} from "@weir/config";
import { EXIT_CODES, Fault } from "@weir/fault";
import { optionFault } from "./option-fault.ts";

const PROTOCOLS: ReadonlySet<string> = new Set(["mqtt:", "mqtts:", "ws:", "wss:"]);

/**
 * The broker of the environment, or another one that `--broker` names by its URL or host, with the
 * credentials and certificates of the environment. What is on a command line is seen by every user of
 * the machine and kept in the shell's history, so a password is refused there, and not repeated.
 *
 * @throws Fault, ConfigurationFault naming what is wrong.
 */
export function readBroker(option: string | null, environment: Environment): BrokerConfig {
  if (option === null) return brokerConfig(readSettings(brokerSettings, environment));
  const { url, username, password } = parse(option.includes("://") ? option : `mqtt://${option}`);
  if (password !== null) {
    throw new Fault("--broker: a password does not belong on a command line", {
      remedy:
        "Set BROKER_USERNAME and BROKER_PASSWORD, or BROKER_PASSWORD_FILE, in the environment or in .env, and leave them out here.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  const named = username === null ? {} : { BROKER_USERNAME: username };
  return brokerConfig(readSettings(brokerSettings, { ...environment, ...named, BROKER_URL: url }));
}

function parse(text: string): Omit<BrokerConfig, "tls"> {
  const url = URL.parse(text);
  const username = decoded(url?.username);
  const password = decoded(url?.password);
  const isSound = url !== null && PROTOCOLS.has(url.protocol) && url.hostname !== "";
  if (!isSound || username === null || password === null) {
    const shown = text.replace(/^.*@/s, "…@");
    throw optionFault("broker", shown, "a URL that begins with mqtt://, mqtts://, ws:// or wss://");
  }
  url.username = "";
  url.password = "";
  return { url: url.href, username: username || null, password: password || null };
}

/** `null` for what is not sound percent-encoding. */
function decoded(part = ""): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
