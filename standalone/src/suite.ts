import { accessSync, constants } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import {
  brokerAddress,
  CLOCK_REMEDY,
  type Clock,
  clockProblems,
  collectGarbage,
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  listenForStopRequest,
  lockFile,
  makeFolderAt,
  makePlaceOf,
  visible,
} from "@weir/runtime";
import { chooseBroker } from "./broker-choice.ts";
import { OWN_BROKER_HOST, type StandaloneConfig } from "./config.ts";
import { watchTerminal } from "./hangup.ts";
import { type Keeper, keep, NO_READER, type Part } from "./keeper.ts";
import { createTerminal } from "./log.ts";
import { endLeftover } from "./mosquitto-part.ts";
import { checkBrokerPort, checkPagesPort } from "./taken-port.ts";

/**
 * Runs the suite until it is asked to stop, or cannot start.
 *
 * @returns the exit code.
 * @throws Fault when something is missing before the first process is started.
 */
export async function runSuite(options: {
  config: StandaloneConfig;
  isVerbose: boolean;
  clock: Clock;
}): Promise<number> {
  const { config, isVerbose, clock } = options;
  const keepers: Keeper[] = [];
  const terminal = createTerminal(() => {
    for (const { part, redraw } of keepers) if (part.isOnTerminal) redraw();
  });
  // However this process ends, a second Ctrl-C included, it ends the parts that still run.
  process.once("exit", () => {
    for (const { kill } of keepers) kill();
  });
  const ending = Promise.withResolvers<string | Fault>();
  process.stdout.once("error", () => ending.resolve(NO_READER));
  const terminalWasClosed = watchTerminal();
  const stopRequest = listenForStopRequest(() => {
    if (terminalWasClosed()) return false;
    reload();
    return true;
  });
  const over = Promise.race([stopRequest, ending.promise]);
  for (const warning of config.warnings)
    terminal.say(`warning: ${visible(warning).replace(/[^.?]$/, "$&.")}`);
  for (const problem of clockProblems(clock.now(), config.storeFile)) {
    terminal.say(`warning: ${problem}. ${CLOCK_REMEDY}`);
  }
  using _lock = await preflight(config, clock);
  const broker =
    config.broker.kind === "own"
      ? await chooseBroker(config.broker, config.environment.PATH ?? "")
      : null;

  function reload(): void {
    terminal.say(`${RELOADED_NAMES} read their configuration again (SIGHUP).`);
    for (const keeper of keepers) if (RELOADED.includes(keeper.part)) keeper.reload();
    // A shell that ends sends SIGHUP shortly before the terminal is gone.
    clock.schedule(CLOSING_MS, () => {
      if (terminalWasClosed()) ending.resolve("its terminal was closed");
    });
  }

  /** Starts each part when the one before is ready; resolves when the suite is to end. */
  async function startInOrder(): Promise<string | Fault> {
    const services = SERVICES.filter(({ name }) => !config.withoutServices.includes(name));
    const parts = broker === null ? services : [broker.part, ...services];
    if (broker !== null) terminal.say(broker.sentence);
    terminal.say(`starting ${parts.map(({ name }) => name).join(", ")}.`);
    for (const part of parts) {
      if (part === parts.at(-1)) {
        if (config.pagesUrl !== null) {
          terminal.say(`the pages are at ${config.pagesUrl}; ${whoSignsIn(config)}.`);
        }
        terminal.say(
          `readings go to ${config.storeFile}, logs to ${config.logFolder}. Ctrl-C stops it all.${RELOAD_HINT}`,
        );
      }
      const keeper = keep(part, { config, isVerbose, terminal, clock, onEnd: ending.resolve });
      keepers.push(keeper);
      const end = await Promise.race([keeper.ready, over]);
      if (end !== undefined) return end;
    }
    using _collecting = clock.schedule(COLLECT_AFTER_MS, collectGarbage);
    return await over;
  }

  const end = await startInOrder();
  if (end instanceof Fault) {
    terminal.say(`${end.message}, so the suite stops. ${end.remedy}`);
    await stopAll(keepers);
    return end.exitCode;
  }
  // The terminal has written ^C into the line.
  if (process.stderr.isTTY) terminal.write("");
  terminal.say(`stopping (${end}).`);
  const unclean = await stopAll(keepers);
  if (unclean.length === 0) {
    terminal.say(`stopped. The next start goes on with ${config.storeFile}.`);
    return EXIT_CODES.ok;
  }
  terminal.say(
    `${unclean.join(", ")} did not stop cleanly: killed because it took too long, or an error, which is then in ${config.logFolder}. What is stored is safe.`,
  );
  return EXIT_CODES.fault;
}

function whoSignsIn({ environment, logFolder }: StandaloneConfig): string {
  const file = environment.DASHBOARD_PASSWORD_FILE ?? "";
  return file === ""
    ? `while there is no user, ${join(logFolder, "dashboard.log")} has the code for the first`
    : `${file} has the password of the user admin`;
}

const CLOSING_MS = 1_000;
/** Much of what the settings of all services have loaded is not needed again. */
const COLLECT_AFTER_MS = 10_000;
const RELOAD_HINT =
  process.platform === "win32" ? "" : ` kill -HUP ${process.pid} has it read weir.yaml again.`;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * What can be known before anything is started.
 *
 * @returns the lock on the logs: a second suite would begin new files over those of the first.
 * @throws Fault for a folder that cannot be written, for a port that is taken, and for a broker of the user's own
 * that does not answer: whoever starts the suite by hand wants to know at once. Later outages are waited out.
 */
async function preflight(config: StandaloneConfig, clock: Clock): Promise<Disposable> {
  makePlaceOf(config.storeFile, "DB_FILE");
  checkFolder(dirname(config.storeFile), "DB_FILE");
  makeFolderAt(config.logFolder, "LOG_FOLDER");
  checkFolder(config.logFolder, "LOG_FOLDER");
  if (config.broker.kind === "foreign") await checkBroker(config.broker.url);
  else {
    await endLeftover(config.broker.folder);
    await checkBrokerPort(OWN_BROKER_HOST, config.broker.port, clock);
  }
  await checkPagesPort(config.pages.host, config.pages.port);
  return lockFile(join(config.logFolder, "npm-start"), {
    message: `another npm start writes its logs to ${config.logFolder}`,
    remedy:
      "Stop it. Or give this one a clone of its own, where .env has other ports (BROKER_PORT, DASHBOARD_PORT and those that end with _HTTP_PORT).",
  });
}

function checkFolder(folder: string, setting: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new Fault(`the folder ${folder} cannot be written (${errorCode(cause)})`, {
      remedy: `Make it writable for this user, or name another place in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

async function checkBroker(url: string): Promise<void> {
  const address = brokerAddress(url);
  const socket = connect(address);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve).once("error", reject);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    reject(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1_000} s`)),
  );
  try {
    await promise;
  } catch (cause) {
    const reason = errorCode(cause) ?? errorMessage(cause);
    throw new Fault(`there is no broker at ${address.host}:${address.port} (${reason})`, {
      remedy:
        "Start it, or correct BROKER or BROKER_URL in the environment or in .env; without both the suite brings its own broker.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    });
  } finally {
    socket.destroy();
  }
}

/** Stops every part in its turn; the names of those that did not end as they should. */
async function stopAll(keepers: readonly Keeper[]): Promise<string[]> {
  const unclean: string[] = [];
  for (const { names, timeoutMs } of STOP_STAGES) {
    const stage = keepers.filter(({ part }) => names.includes(part.name));
    await Promise.all(
      stage.map(async ({ part, stop }) => {
        if (!(await stop(timeoutMs))) unclean.push(part.name);
      }),
    );
  }
  return unclean;
}

const LOGGER = service("logger");
const STATS = service("stats");
const PUBLISHER = service("publisher");
const DEVICE_AGENT = service("device-agent");
const DASHBOARD = service("dashboard");
const WORKFLOWS = service("workflows");
const PRINTER: Part = { ...service("stats-printer"), isOnTerminal: true };

function service(name: string): Part {
  const main = join(import.meta.dirname, `../../services/${name}/src/main.ts`);
  return { name, main, isOnTerminal: false };
}

/** In the order of their start. */
const SERVICES: readonly Part[] = [
  LOGGER,
  STATS,
  WORKFLOWS,
  PUBLISHER,
  DEVICE_AGENT,
  DASHBOARD,
  PRINTER,
];

/** What takes over a changed configuration while it runs. */
const RELOADED: readonly Part[] = [LOGGER, STATS, WORKFLOWS, DASHBOARD];
const RELOADED_NAMES = "logger, stats, workflows and dashboard";

/**
 * What is stopped together, and when it is killed. In reverse, within 5 s in all: intake ends first, the
 * logger flushes to a broker that is there.
 */
export const STOP_STAGES: readonly { names: readonly string[]; timeoutMs: number }[] = [
  { names: ["stats-printer", "dashboard", "workflows", "publisher", "stats"], timeoutMs: 1_200 },
  // Their own limit is 2 s: a command may have to end, a commit to be made.
  { names: ["device-agent", "logger"], timeoutMs: 2_100 },
  // Mosquitto writes its sessions.
  { names: ["broker"], timeoutMs: 1_500 },
];
