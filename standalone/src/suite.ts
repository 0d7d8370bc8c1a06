import { join } from "node:path";
import { type Clock, EXIT_CODES, Fault } from "@weir/runtime";
import type { StandaloneConfig } from "./config.ts";
import { type Keeper, keep, NO_READER } from "./keeper.ts";
import { createTerminal, type Terminal } from "./log.ts";
import { preflight } from "./preflight.ts";

interface SuiteOptions {
  config: StandaloneConfig;
  isVerbose: boolean;
  clock: Clock;
  stopRequest: Promise<string>;
}

/**
 * Runs the suite until it is asked to stop, or cannot start.
 *
 * @returns the exit code.
 * @throws Fault when something is missing before the first process is started.
 */
export async function runSuite(options: SuiteOptions): Promise<number> {
  const { config, stopRequest } = options;
  await preflight(config);

  const keepers: Keeper[] = [];
  const terminal = createTerminal(() => {
    for (const { part, redraw } of keepers) if (part.isOnTerminal) redraw();
  });
  // However this process ends, a second Ctrl-C included, it ends the parts that still run.
  process.once("exit", () => {
    for (const { kill } of keepers) kill();
  });

  const ending = Promise.withResolvers<End>();
  process.stdout.once("error", () => ending.resolve(NO_READER));
  const over = Promise.race([stopRequest, ending.promise]);
  const end = await startInOrder(options, { keepers, terminal, over, onEnd: ending.resolve });
  return end instanceof Fault
    ? await stopAfterFault(end, keepers, terminal)
    : await stopOnRequest(end, keepers, { terminal, config });
}

/** Why the suite ends: the reason of a stop, or a fault. */
type End = string | Fault;

interface Start {
  /** Filled as they are started. */
  keepers: Keeper[];
  terminal: Terminal;
  over: Promise<End>;
  onEnd: (end: End) => void;
}

/** Starts one part after the other, and resolves when the suite is to end. */
async function startInOrder(options: SuiteOptions, start: Start): Promise<End> {
  const { config, isVerbose, clock } = options;
  const { keepers, terminal, over, onEnd } = start;
  const parts = partsInOrder(config);
  terminal.say(`starting ${parts.map(({ name }) => name).join(", ")}.`);
  for (const part of parts) {
    if (part === parts.at(-1)) {
      terminal.say(
        `readings go to ${config.storeFile}, logs to ${config.logFolder}. Ctrl-C stops it all.`,
      );
    }
    const keeper = keep(part, { config, isVerbose, terminal, clock, onEnd });
    keepers.push(keeper);
    const end = await Promise.race([keeper.ready, over]);
    if (end !== undefined) return end;
  }
  return await over;
}

async function stopOnRequest(
  reason: string,
  keepers: readonly Keeper[],
  { terminal, config }: { terminal: Terminal; config: StandaloneConfig },
): Promise<number> {
  // The terminal has written ^C into the line.
  if (process.stderr.isTTY) terminal.write("");
  terminal.say(`stopping (${reason}).`);
  const unclean = await stopAll(keepers);
  if (unclean.length > 0) {
    terminal.say(
      `${unclean.join(", ")} did not stop cleanly. See the logs in ${config.logFolder}.`,
    );
    return EXIT_CODES.fault;
  }
  terminal.say(`stopped. The next start goes on with ${config.storeFile}.`);
  return EXIT_CODES.ok;
}

async function stopAfterFault(
  fault: Fault,
  keepers: readonly Keeper[],
  terminal: Terminal,
): Promise<number> {
  terminal.say(`${fault.message}, so the suite stops. ${fault.remedy}`);
  await stopAll(keepers);
  return fault.exitCode;
}

/** Stops every part in its turn; the names of those that did not end as they should. */
async function stopAll(keepers: readonly Keeper[]): Promise<string[]> {
  const unclean: string[] = [];
  for (const { parts, timeoutMs } of STOP_STAGES) {
    const stage = keepers.filter(({ part }) => parts.some(({ name }) => name === part.name));
    await Promise.all(
      stage.map(async ({ part, stop }) => {
        if (!(await stop(timeoutMs))) unclean.push(part.name);
      }),
    );
  }
  return unclean;
}

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
function partsInOrder({ broker }: Pick<StandaloneConfig, "broker">): Part[] {
  const services = [LOGGER, STATS, PUBLISHER, DEVICE_AGENT, PRINTER];
  return broker.kind === "embedded" ? [BROKER, ...services] : services;
}

/** Parts that are stopped together, and how long they may take before they are killed. */
interface StopStage {
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
