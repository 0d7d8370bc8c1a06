import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  help: boolean;
  rounds: number;
  /** Names of cases; empty for all. */
  only: readonly string[];
  isQuick: boolean;
  isSoak: boolean;
  isProfile: boolean;
  /** The logger's main.ts: this checkout's, or another one's to compare with. */
  program: string;
}

const OWN_PROGRAM = fileURLToPath(new URL("../../services/logger/src/main.ts", import.meta.url));
const ROUNDS = 5;
const ROUNDS_MAX = 100;

export const USAGE = `npm run bench -- [options]
  --rounds N      how often each contender runs, in turns (default ${ROUNDS})
  --only A,B      only these cases
  --quick         one round of short loads, to see whether all of it works
  --soak          memory over 10 minutes instead of one
  --profile       one round; where the logger spends its time, by function
  --logger FILE   another logger's main.ts
  --help`;

/** @throws TypeError in words for a user. */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      soak: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      logger: { type: "string", default: OWN_PROGRAM },
    },
  });
  const isShort = values.quick || values.profile;
  return {
    help: values.help,
    rounds: roundsOf(values.rounds ?? String(isShort ? 1 : ROUNDS)),
    only: values.only.split(",").filter((name) => name !== ""),
    isQuick: values.quick,
    isSoak: values.soak,
    isProfile: values.profile,
    program: values.logger,
  };
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= ROUNDS_MAX) return rounds;
  throw new TypeError(`--rounds: ${text} is not a whole number from 1 to ${ROUNDS_MAX}`);
}
