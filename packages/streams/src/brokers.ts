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

type Key = keyof BrokerEntry;

/** An entry that is being read. */
interface Reading {
  entry: BrokerEntry;
  environment: Environment;
  base: string;
  /** Reports a problem at a key of the entry, `null` for the entry itself, and the keys that it follows from. */
  report: (at: Key | null, words: string, of: readonly Key[]) => void;
}

/**
 * The brokers with their passwords and certificates, and what is wrong with them.
 *
 * @param own the broker of the environment.
 * @param base the folder of weir.yaml, which files with passwords and certificates are relative to.
 */
export function readBrokers(
  entries: Readonly<Record<string, BrokerEntry>>,
  { own, environment, base }: { own: BrokerConfig; environment: Environment; base: string },
): { brokers: Record<string, BrokerConfig>; problems: Problem[] } {
  const brokers: Record<string, BrokerConfig> = { [DEFAULT_BROKER]: own };
  const problems: Problem[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const path = ["brokers", name];
    if (name === DEFAULT_BROKER) {
      problems.push({ path, words: "this is the broker of the environment; take another name" });
      continue;
    }
    const report: Reading["report"] = (at, words, of) =>
      problems.push({
        path: at === null ? path : [...path, at],
        words,
        of: of.map((key) => [...path, key]),
      });
    const reading = { entry, environment, base, report };
    brokers[name] = {
      url: entry.url,
      username: entry.username ?? null,
      password: passwordOf(reading),
      ...tlsOf(reading),
    };
  }
  return { brokers, problems };
}

function passwordOf(reading: Reading): string | null {
  const { entry, environment, report } = reading;
  const { passwordFile, passwordVariable } = entry;
  if (passwordVariable === undefined) return textOf(reading, "passwordFile");
  if (passwordFile !== undefined) {
    const words = "there are two sources of its password; keep passwordFile or passwordVariable";
    report(null, words, ["passwordFile", "passwordVariable"]);
    return null;
  }
  // Only own keys: every object inherits a property "constructor".
  const password = Object.hasOwn(environment, passwordVariable) && environment[passwordVariable];
  if (password) return password;
  const words = `the variable ${passwordVariable} is not set, neither in the environment nor in .env`;
  report("passwordVariable", words, ["passwordVariable"]);
  return null;
}

const TLS_KEYS = ["ca", "certificate", "key"] as const;
const TLS_NAMES = { url: "url", ca: "ca", certificate: "certificate", key: "key" };

function tlsOf(reading: Reading): Pick<BrokerConfig, "tls"> {
  const { entry, report } = reading;
  const [ca = null, certificate = null, key = null] = TLS_KEYS.map((one) => textOf(reading, one));
  const files = { ca, certificate, key };
  const tls = tlsConfig(files);
  // A file that cannot be read is reported already.
  const isRead = TLS_KEYS.every((one) => entry[one] === undefined || files[one] !== null);
  if (tls === undefined || !isRead) return {};
  for (const { field, words } of tlsProblems(entry.url, tls, TLS_NAMES)) {
    report(field, words, ["url", ...TLS_KEYS]);
  }
  return { tls };
}

const KINDS = {
  passwordFile: "password",
  ca: "certificates",
  certificate: "certificates",
  key: "key",
} as const;

function textOf({ entry, base, report }: Reading, key: keyof typeof KINDS): string | null {
  const file = entry[key];
  if (file === undefined) return null;
  const { text, problem } = readCredential(KINDS[key], resolve(base, file));
  if (problem !== null) report(key, problem, [key]);
  return text;
}
