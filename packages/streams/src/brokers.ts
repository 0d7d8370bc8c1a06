import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BrokerConfig, Environment } from "@weir/config";
import { errorMessage } from "@weir/fault";
import type { Problem } from "@weir/settings-file";
import type { BrokerEntry } from "./schema.ts";
import { DEFAULT_BROKER } from "./stream-config.ts";

export interface BrokersContext {
  environment: Environment;
  /** The folder of weir.yaml: files with passwords lie beside it. */
  base: string;
  /** The broker of the environment. */
  own: BrokerConfig;
}

/** The brokers with their passwords, and what keeps some of them from being used. */
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
    const { password, problem } = readPassword(entry, context);
    if (problem !== null) problems.push({ ...problem, path: [...path, ...problem.path] });
    brokers[name] = { url: entry.url, username: entry.username ?? null, password };
  }
  return { brokers, problems };
}

interface Password {
  password: string | null;
  problem: Problem | null;
}

function readPassword(
  { passwordFile, passwordVariable }: BrokerEntry,
  { base, environment }: Omit<BrokersContext, "own">,
): Password {
  if (passwordFile !== undefined && passwordVariable !== undefined) {
    return wrong(
      [],
      "there are two sources of its password; keep passwordFile or passwordVariable",
    );
  }
  if (passwordFile !== undefined) return passwordIn(resolve(base, passwordFile));
  if (passwordVariable === undefined) return { password: null, problem: null };
  const password = environment[passwordVariable];
  if (password) return { password, problem: null };
  return wrong(
    ["passwordVariable"],
    `the variable ${passwordVariable} is not set, neither in the environment nor in .env`,
  );
}

function passwordIn(file: string): Password {
  try {
    // Editors end the last line; a password has no part in that.
    return { password: readFileSync(file, "utf8").replace(/\r?\n$/, ""), problem: null };
  } catch (error) {
    return wrong(["passwordFile"], `it cannot be read: ${errorMessage(error)}`);
  }
}

function wrong(path: readonly string[], words: string): Password {
  return { password: null, problem: { path, words } };
}
