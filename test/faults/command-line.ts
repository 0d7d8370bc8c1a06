import { parseArgs } from "node:util";
import type { BrokerKind } from "./broker-process.ts";
import type { Scenario } from "./scenario.ts";

/** What `npm run faults -- …` is asked for. */
export interface CommandLine {
  lists: boolean;
  only: string | null;
  cycles: number | null;
  seed: number;
  brokerKind: BrokerKind | null;
  /** Whether the files of a run stay, with the logs of its processes. */
  keeps: boolean;
}

export const USAGE = `npm run faults -- [options]
  --list          name the faults and end
  --only NAME     only this one
  --cycles N      how often; each fault has a number of its own
  --seed S        repeat the decisions of an earlier run; the moments still vary by milliseconds
  --broker KIND   container (Mosquitto in Docker), mosquitto (from the path) or aedes
  --keep          leave files and logs behind`;

const BROKER_KINDS: readonly string[] = ["container", "mosquitto", "aedes"] satisfies BrokerKind[];
const SEED_MAX = 2 ** 32 - 1;

/** @returns what is wrong with the arguments, in words, if something is. */
export function parseCommandLine(
  argv: readonly string[],
  scenarios: readonly Pick<Scenario, "name">[],
): CommandLine | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { list: flag, only: text, cycles: text, seed: text, broker: text, keep: flag },
    });
    const { only = null, broker = null } = values;
    if (only !== null && !scenarios.some(({ name }) => name === only)) {
      return `there is no fault ${JSON.stringify(only)}; --list names them`;
    }
    if (broker !== null && !BROKER_KINDS.includes(broker)) {
      return `--broker is one of ${BROKER_KINDS.join(", ")}`;
    }
    const cycles = values.cycles === undefined ? null : Number(values.cycles);
    if (cycles !== null && !(Number.isInteger(cycles) && cycles > 0)) {
      return "--cycles is a whole number from 1";
    }
    const seed = values.seed === undefined ? Date.now() % SEED_MAX : Number(values.seed);
    if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX)) {
      return `--seed is a whole number from 0 to ${SEED_MAX}`;
    }
    return {
      lists: values.list,
      only,
      cycles,
      seed,
      brokerKind: broker as BrokerKind | null,
      keeps: values.keep,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
