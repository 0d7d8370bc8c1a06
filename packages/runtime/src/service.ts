import { parseArgs } from "node:util";
import type { Logger } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { type Clock, systemClock } from "./clock.ts";
import { loadEnvironment } from "./environment.ts";
import { EXIT_CODES, errorMessage, Fault } from "./fault.ts";
import { Health, startHttpServer } from "./health.ts";
import { createLogger, print } from "./output.ts";
import { collectGarbage, listenForStopRequest } from "./process.ts";
import { Routes } from "./routes.ts";
import { type Environment, renderHelp, type Settings } from "./settings.ts";
import type { ProcessConfig } from "./shared-settings.ts";

/** What `runService` gives a running service. */
export interface ServiceContext {
  clock: Clock;
  logger: Logger;
  /** The registry of its metrics, for `/metrics`. */
  metrics: Registry;
  health: Health;
  /** Where it answers requests besides. */
  routes: Routes;
  /** Ends the process because of a fault that the service cannot recover from. The first one counts. */
  fail: (fault: unknown) => void;
  /** Stops the process in an orderly way, as SIGTERM does. Its supervisor starts it again. */
  stop: (reason: string) => void;
}

/** A command line option with its own check. */
export interface Option {
  /** The environment variable that it stands for. */
  variable: string;
  /** `null`, or what is wrong with a value and how to fix it; it does not show what is secret. */
  problem: (value: string) => string | null;
}

/** What `runService` needs to know of a service. */
export interface ServiceDefinition<C extends { process: ProcessConfig }> {
  /** The name of its folder under `services/`. */
  name: string;
  /** One sentence for `--help`. */
  summary: string;
  settings: Settings;
  /** Command line options: `--<option> value` stands for an environment variable. */
  options?: Readonly<Record<string, string | Option>>;
  /** The end of `--help`, after the settings. */
  details?: string;
  /** @throws ConfigurationFault naming every problem. */
  readConfig: (environment: Environment) => C;
  /** Starts it. Disposing of the result stops the intake first and flushes after. */
  start: (config: C, context: ServiceContext) => Service<C> | Promise<Service<C>>;
}

/** A running service. */
export interface Service<C> extends AsyncDisposable {
  /**
   * Applies a configuration that was read again after SIGHUP, and logs what of it needs a restart. A
   * service without it stops at SIGHUP, as at the end of its terminal.
   */
  reload?: (config: C) => Promise<void>;
}

const STOP_TIMEOUT_MS = 2_000;
/** By then a service has read what it reads at first. */
const STARTED_AFTER_MS = 10_000;

/**
 * The whole life of a service's process: configuration, log, HTTP, the service itself, a signal, the
 * stop in reverse order within 2 s, the exit code. Never returns to a caller that has more to do.
 */
export async function runService<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<never> {
  process.exitCode = await live(definition, argv);
  // Whatever still keeps the event loop alive had its time to close.
  return process.exit();
}

async function live<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  argv: readonly string[],
): Promise<number> {
  try {
    const { help, environment } = parseCommandLine(definition, argv);
    if (help) {
      print(renderUsage(definition));
      return EXIT_CODES.ok;
    }
    const readConfig = () => definition.readConfig({ ...loadEnvironment(), ...environment });
    return await run(definition, readConfig(), readConfig);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    print(`${definition.name}: ${error.message}\n${error.remedy}\n`, { to: process.stderr });
    return error.exitCode;
  }
}

/** Runs a service with a configuration; `readConfig` reads it again. */
async function run<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  config: C,
  readConfig: () => C,
): Promise<number> {
  const logger = createLogger(definition.name, config.process);
  const faulted = Promise.withResolvers<unknown>();
  const asked = Promise.withResolvers<string>();
  process.on("uncaughtException", faulted.resolve);
  process.on("unhandledRejection", faulted.resolve);

  let reload: (() => void) | null = null;
  const onHangup = (): boolean => {
    reload?.();
    return reload !== null;
  };
  const ended = Promise.race([
    listenForStopRequest(onHangup),
    asked.promise,
    faulted.promise.then((error) => {
      throw error;
    }),
  ]);

  const running = new AsyncDisposableStack();
  try {
    const context = { logger, fail: faulted.resolve, stop: asked.resolve };
    const starting = start(definition, config, running, context);
    const service = await Promise.race([starting, ended.then(() => null)]);
    reload = service === null ? null : reloader(readConfig, service, context);
    logger.info(`stopping: ${await ended}`);
    return (await stopped(running, logger)) ? EXIT_CODES.ok : EXIT_CODES.fault;
  } catch (error) {
    reportFault(logger, error);
    await stopped(running, logger);
    return error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
  }
}

async function start<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
  config: C,
  running: AsyncDisposableStack,
  given: Pick<ServiceContext, "logger" | "fail" | "stop">,
): Promise<Service<C>> {
  const metrics = new Registry();
  // Its default wakes the process a hundred times a second.
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 1_000 });
  const health = new Health();
  const routes = new Routes();
  const http = running.use(
    await startHttpServer({
      ...config.process.http,
      health,
      metrics,
      routes,
      portSetting: `${definition.name.replaceAll("-", "_").toUpperCase()}_HTTP_PORT`,
    }),
  );
  const service = running.use(
    await definition.start(config, { ...given, clock: systemClock, metrics, health, routes }),
  );
  running.use(systemClock.schedule(STARTED_AFTER_MS, collectGarbage));
  given.logger.info({ httpPort: http.port }, "started");
  // A parent with an IPC channel polls /readyz. If it has ended meanwhile, `listenForStopRequest` notices.
  process.send?.({ httpPort: http.port }, undefined, {}, () => {});
  return service;
}

/** Closes everything, last opened first; false when that failed or took too long. */
async function stopped(running: AsyncDisposableStack, logger: Logger): Promise<boolean> {
  const timeout = Promise.withResolvers<"late">();
  const timer = setTimeout(() => timeout.resolve("late"), STOP_TIMEOUT_MS);
  try {
    const outcome = await Promise.race([running.disposeAsync(), timeout.promise]);
    if (outcome === "late")
      logger.error(`did not stop within ${STOP_TIMEOUT_MS} ms; ending anyway`);
    return outcome !== "late";
  } catch (error) {
    reportFault(logger, error);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function reportFault(logger: Logger, error: unknown): void {
  if (error instanceof Fault) {
    const { remedy, cause } = error;
    logger.fatal(
      { remedy, ...(cause !== undefined && { cause: errorMessage(cause) }) },
      error.message,
    );
  } else {
    logger.fatal({ err: error }, `unexpected fault: ${errorMessage(error)}`);
  }
}

/**
 * The handler of SIGHUP: reads the configuration again and gives it to the service, one reload after the
 * other. A wrong configuration is logged, and the service continues as before.
 *
 * @returns `null` for a service that cannot reload.
 */
function reloader<C extends { process: ProcessConfig }>(
  readConfig: () => C,
  service: Service<C>,
  { logger, fail }: Pick<ServiceContext, "logger" | "fail">,
): (() => void) | null {
  const { reload } = service;
  if (reload === undefined) return null;
  let last: Promise<void> = Promise.resolve();

  async function reloadOnce(): Promise<void> {
    try {
      await reload?.(readConfig());
      logger.info("reloaded the configuration");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { remedy } = error;
      logger.error({ remedy }, `not reloaded, continuing as before: ${error.message}`);
    }
  }

  return () => {
    last = last.then(reloadOnce);
    last.catch(fail);
  };
}

type Described = Omit<ServiceDefinition<never>, "readConfig" | "start">;

/**
 * The command line of a service: the variables that its options stand for.
 *
 * @throws Fault for an unknown option, or a value that an option refuses.
 */
function parseCommandLine(
  { name, options = {} }: Described,
  argv: readonly string[],
): { help: boolean; environment: Environment } {
  const known = Object.keys(options).map((option) => [option, { type: "string" }] as const);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(known), help: { type: "boolean" } },
    });
    const { help, ...given } = values;
    const environment: Record<string, string> = {};
    for (const [option, value] of Object.entries(given)) {
      const { variable, problem } = described(options[option] ?? option);
      // All of them but --help are texts.
      const text = String(value);
      const words = problem(text);
      if (words !== null) throw new Error(`--${option}: ${words}`);
      environment[variable] = text;
    }
    return { help: help === true, environment };
  } catch (cause) {
    throw new Fault(errorMessage(cause), {
      remedy: `See ${name} --help.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function described(option: Option | string): Option {
  return typeof option === "object" ? option : { variable: option, problem: () => null };
}

/** The text of `--help`. */
function renderUsage({ name, summary, settings, options = {}, details }: Described): string {
  const lines = Object.entries(options).map(
    ([option, given]) => `  --${option} …  sets ${described(given).variable}`,
  );
  const usage = ["  --help", ...lines].join("\n");
  const more = details === undefined ? "" : `\n${details}\n`;
  return `${name}: ${summary}\n\nOptions:\n${usage}\n\nSettings:\n${renderHelp(settings)}\n${more}`;
}
