import { resolve } from "node:path";
import {
  type BrokerConfig,
  type Environment,
  type Problem,
  readCredential,
  tlsConfig,
  tlsProblems,
} from "@weir/runtime";
import type { BrokerEntry } from "./schema.ts";
import { DEFAULT_BROKER } from "./stream-config.ts";

export interface BrokersContext {
  environment: Environment;
  /** The folder of weir.yaml: files with passwords and certificates lie beside it. */
  base: string;
  /** The broker of the environment. */
  own: BrokerConfig;
}

/** The brokers with their passwords and certificates, and what keeps some of them from being used. */
export function readBrokers(
  entries: Readonly<Record<string, BrokerEntry>>,
  { own, ...context }: BrokersContext,
): { brokers: Record<string, BrokerConfig>; problems: Problem[] } {
  const brokers: Record<string, BrokerConfig> = { [DEFAULT_BROKER]: own };
  const problems: Problem[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = ["brokers", name];
    if (name === DEFAULT_BROKER) {
      problems.push({ path, words: "this is the broker of the environment; take another name" });
      continue;
    }
    const tell: Reading["tell"] = (words, { at, of }) =>
      problems.push({
        path: at === null ? path : [...path, at],
        words,
        of: of.map((key) => [...path, key]),
      });
    const reading = { ...context, entry, tell };
    brokers[name] = {
      url: entry.url,
      username: entry.username ?? null,
      password: passwordOf(reading),
      ...tlsOf(reading),
    };
  }
  return { brokers, problems };
}

type Key = keyof BrokerEntry;

/** An entry while it is read. */
interface Reading extends Omit<BrokersContext, "own"> {
  entry: BrokerEntry;
  /** Tells what is wrong with the entry, or with the value of a key in it, and which keys that is about. */
  tell: (words: string, place: { at: Key | null; of: readonly Key[] }) => void;
}

function passwordOf(reading: Reading): string | null {
  const { entry, environment, tell } = reading;
  const { passwordFile, passwordVariable } = entry;
  if (passwordFile !== undefined && passwordVariable !== undefined) {
    tell("there are two sources of its password; keep passwordFile or passwordVariable", {
      at: null,
      of: ["passwordFile", "passwordVariable"],
    });
    return null;
  }
  if (passwordVariable === undefined) return textOf(reading, "passwordFile");
  // Of its own: every object has a property "constructor".
  if (Object.hasOwn(environment, passwordVariable)) {
    const password = environment[passwordVariable];
    if (password) return password;
  }
  tell(`the variable ${passwordVariable} is not set, neither in the environment nor in .env`, {
    at: "passwordVariable",
    of: ["passwordVariable"],
  });
  return null;
}

const TLS_KEYS = ["ca", "certificate", "key"] as const;
const TLS_NAMES = { url: "url", ca: "ca", certificate: "certificate", key: "key" };

function tlsOf(reading: Reading): Pick<BrokerConfig, "tls"> {
  const { entry, tell } = reading;
  const [ca = null, certificate = null, key = null] = TLS_KEYS.map((one) => textOf(reading, one));
  const files = { ca, certificate, key };
  const tls = tlsConfig(files);
  // What cannot be read has been told.
  const isRead = TLS_KEYS.every((one) => entry[one] === undefined || files[one] !== null);
  if (tls === undefined || !isRead) return {};
  for (const { field, words } of tlsProblems(entry.url, tls, TLS_NAMES)) {
    tell(words, { at: field, of: ["url", ...TLS_KEYS] });
  }
  return { tls };
}

const KINDS = {
  passwordFile: "password",
  ca: "certificates",
  certificate: "certificates",
  key: "key",
} as const;

function textOf({ entry, base, tell }: Reading, key: keyof typeof KINDS): string | null {
  const file = entry[key];
  if (file === undefined) return null;
  const { text, problem } = readCredential(KINDS[key], resolve(base, file));
  if (problem !== null) tell(problem, { at: key, of: [key] });
  return text;
}
