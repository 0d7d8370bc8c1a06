import { systemClock } from "@weir/clock";
import type { ProcessConfig } from "@weir/config";
import { EXIT_CODES, errorMessage, Fault, print } from "@weir/fault";
import type { Logger } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { renderUsage } from "./command-line.ts";
import { configure } from "./configure.ts";
import { createHealth } from "./health.ts";
import { startHttpServer } from "./http-server.ts";
import { createLogger } from "./logger.ts";
import { reloader } from "./reload.ts";
import type { Service, ServiceContext, ServiceDefinition } from "./service.ts";
import { listenForStopRequest, type StopRequest } from "./stop-request.ts";

const STOP_TIMEOUT_MS = 2_000;

/**
 * The whole life of a service's process: configuration, log, HTTP, the service itself, a signal, the
 * stop in reverse order within 2 s, the exit code. Never returns to a caller that has more to do.
 */
export async function runService<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
): Promise<void> {
  process.exitCode = await live(definition);
  // Whatever still holds the event loop open has had its chance to close.
  process.exit();
}

async function live<C extends { process: ProcessConfig }>(
  definition: ServiceDefinition<C>,
): Promise<number> {
  const config = configure(definition);
  if (config instanceof Fault) {
    print(`${definition.name}: ${config.message}\n${config.remedy}\n`, { to: process.stderr });
    return config.exitCode;
  }
  if (config === "help") {
    print(renderUsage(definition));
    return EXIT_CODES.ok;
  }

  const logger = createLogger(definition.name, config.process);
  const faulted = Promise.withResolvers<unknown>();
  const asked = Promise.withResolvers<StopRequest>();
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
    const stop = (reason: string): void => asked.resolve({ reason });
    const context = { logger, fail: faulted.resolve, stop };
    const starting = start(definition, config, running, context);
    const service = await Promise.race([starting, ended.then(() => null)]);
    reload = service === null ? null : reloader(definition, service, context);
    const { reason } = await ended;
    logger.info(`stopping: ${reason}`);
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
  collectDefaultMetrics({ register: metrics, eventLoopMonitoringPrecision: 100 });
  const health = createHealth();
  const http = running.use(
    await startHttpServer({
      ...config.process.http,
      health,
      metrics,
      portSetting: `${definition.name.replaceAll("-", "_").toUpperCase()}_HTTP_PORT`,
    }),
  );
  const service = running.use(
    await definition.start(config, { ...given, clock: systemClock, metrics, health }),
  );
  given.logger.info({ httpPort: http.port }, "started");
  // A parent with an IPC channel asks /readyz; if it has ended meanwhile, that is told elsewhere.
  process.send?.({ httpPort: http.port }, undefined, {}, () => {});
  return service;
}

/** Closes everything, last opened first; false when that failed or took longer than it may. */
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
