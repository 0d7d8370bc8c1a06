import { join } from "node:path";
import type { StandaloneConfig } from "./config.ts";

/** One process of the suite. */
export interface Part {
  name: string;
  /** The file that Node runs. */
  main: string;
  /** Whether it writes to the terminal itself. */
  isOnTerminal: boolean;
}

const BROKER: Part = {
  name: "broker",
  main: join(import.meta.dirname, "broker-main.ts"),
  isOnTerminal: false,
};
const LOGGER = service("logger");
const STATS = service("stats");
const PUBLISHER = service("publisher");
const DEVICE_AGENT = service("device-agent");
const PRINTER: Part = { ...service("stats-printer"), isOnTerminal: true };

function service(name: string): Part {
  const main = join(import.meta.dirname, `../../services/${name}/src/main.ts`);
  return { name, main, isOnTerminal: false };
}

/** What is started, in this order, each when the one before is ready. */
export function partsInOrder({ broker }: Pick<StandaloneConfig, "broker">): Part[] {
  const services = [LOGGER, STATS, PUBLISHER, DEVICE_AGENT, PRINTER];
  return broker.kind === "embedded" ? [BROKER, ...services] : services;
}

/** Parts that are stopped together, and how long they may take before they are killed. */
export interface StopStage {
  parts: readonly Part[];
  timeoutMs: number;
}

/** In reverse, within 5 s in all: intake ends first, the logger flushes to a broker that is there. */
export const STOP_STAGES: readonly StopStage[] = [
  { parts: [PRINTER, PUBLISHER, STATS], timeoutMs: 1_200 },
  // Their own limit is 2 s: a command may have to end, a commit to be made.
  { parts: [DEVICE_AGENT, LOGGER], timeoutMs: 2_100 },
  { parts: [BROKER], timeoutMs: 600 },
];
