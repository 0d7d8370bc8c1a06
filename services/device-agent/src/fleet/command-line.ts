import { optionFault, parseArguments, readBroker } from "@weir/command-line";
import type { BrokerConfig, Environment } from "@weir/config";
import { isName } from "@weir/messages";

/** What `npm run fleet` is asked for. */
export interface FleetRequest {
  broker: BrokerConfig;
  devices: number;
  /** States a second of each device. */
  rate: number;
  /** How long it runs, in milliseconds; `null` until it is stopped. */
  forMs: number | null;
  prefix: string;
  /** Device 7 is called `<name>-7`. */
  name: string;
  seed: number | null;
}

const LIMITS = { devices: 10_000, rate: 100, seconds: 86_400 };

export const FLEET_HELP = `npm run fleet -- [options]

Simulates many devices in one process: each with a connection of its own, a state at its rate, and an
ear for commands. For trying things out, and for load.

Options:
  --devices N      how many, 1 to ${LIMITS.devices} (default 100)
  --rate R         states a second of each, up to ${LIMITS.rate} (default 0.1: one every 10 s)
  --for SECONDS    how long (default: until Ctrl-C)
  --prefix NAME    first level of their topics (default devices)
  --name NAME      what they are called: NAME-1, NAME-2, … (default fleet)
  --seed N         the same walks each time
  --broker URL     default BROKER or BROKER_URL; user and password come from BROKER_USERNAME and
                   BROKER_PASSWORD or their files
  --help
`;

const OPTIONS = {
  devices: { type: "string" },
  rate: { type: "string" },
  for: { type: "string" },
  prefix: { type: "string" },
  name: { type: "string" },
  seed: { type: "string" },
  broker: { type: "string" },
  help: { type: "boolean" },
} as const;

/** @throws Fault naming what is wrong. */
export function readFleetRequest(
  argv: readonly string[],
  environment: Environment,
): FleetRequest | "help" {
  const given = parseArguments(argv, OPTIONS);
  if (given.has("help")) return "help";
  const seconds = given.text("for");
  return {
    broker: readBroker(given.text("broker"), environment),
    devices: numberOf("devices", given.text("devices") ?? "100", {
      min: 1,
      max: LIMITS.devices,
      isWhole: true,
    }),
    rate: numberOf("rate", given.text("rate") ?? "0.1", { min: 0.0001, max: LIMITS.rate }),
    forMs:
      seconds === null ? null : 1_000 * numberOf("for", seconds, { min: 1, max: LIMITS.seconds }),
    prefix: nameOf("prefix", given.text("prefix") ?? "devices"),
    name: nameOf("name", given.text("name") ?? "fleet"),
    seed:
      given.text("seed") === null
        ? null
        : numberOf("seed", given.text("seed") ?? "", { min: 0, max: 2 ** 31, isWhole: true }),
  };
}

function numberOf(
  option: string,
  text: string,
  { min, max, isWhole = false }: { min: number; max: number; isWhole?: boolean },
): number {
  const number = Number(text);
  const isSound =
    text.trim() !== "" && number >= min && number <= max && (!isWhole || Number.isInteger(number));
  if (isSound) return number;
  throw optionFault(option, text, `a${isWhole ? " whole" : ""} number from ${min} to ${max}`);
}

/** A name that still is one with a number behind it. */
function nameOf(option: string, text: string): string {
  if (isName(`${text}-${LIMITS.devices}`)) return text;
  throw optionFault(option, text, "letters, digits, dots, underscores or hyphens, at most 58");
}
