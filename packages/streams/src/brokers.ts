import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BrokerConfig, Environment } from "@weir/config";
import { errorMessage } from "@weir/fault";
import type { BrokerEntry } from "./schema.ts";

/** A broker's entry with its password, or what keeps it from being used. */
export function normaliseBroker(
  entry: BrokerEntry,
  { base, environment }: { base: string; environment: Environment },
): { broker: BrokerConfig; problem: string | null } {
  const { url, username = null, passwordFile, passwordVariable } = entry;
  const broker: BrokerConfig = { url, username, password: null };
  if (passwordFile !== undefined) {
    const file = resolve(base, passwordFile);
    try {
      return {
        broker: { ...broker, password: readFileSync(file, "utf8").trimEnd() },
        problem: null,
      };
    } catch (error) {
      return { broker, problem: `passwordFile ${file} cannot be read: ${errorMessage(error)}` };
    }
  }
  if (passwordVariable === undefined) return { broker, problem: null };
  const password = environment[passwordVariable];
  const problem =
    password === undefined
      ? `passwordVariable ${JSON.stringify(passwordVariable)} is not set in the environment`
      : null;
  return { broker: { ...broker, password: password ?? null }, problem };
}
