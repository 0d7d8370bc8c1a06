import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Gauge, type Registry } from "prom-client";
import { EXIT_CODES, errorCode, Fault } from "./fault.ts";

/** What a service needs to be ready, check by check. */
export interface Health {
  /** Adds a check; it does not pass until `pass` is called. */
  check(name: string): HealthCheck;
  /** The state of every check. */
  report(): HealthReport;
}

export interface HealthCheck {
  /** @param warnings what is less than it should be, in words for an operator. Default nothing. */
  pass(warnings?: readonly string[]): void;
  /** @param reason what is missing, in words for an operator. */
  fail(reason: string): void;
}

export interface HealthReport {
  ready: boolean;
  checks: Record<string, string>;
  /** What is less than it should be, of the checks that pass. */
  warnings: Record<string, readonly string[]>;
}

const PASSED = "ok";

export function createHealth(): Health {
  const checks = new Map<string, string>();
  const warnings = new Map<string, readonly string[]>();
  return {
    check: (name) => {
      checks.set(name, "starting");
      return {
        pass: (less = []) => {
          checks.set(name, PASSED);
          if (less.length > 0) warnings.set(name, less);
          else warnings.delete(name);
        },
        fail: (reason) => {
          checks.set(name, reason);
          warnings.delete(name);
        },
      };
    },
    report: () => ({
      ready: checks.size > 0 && [...checks.values()].every((state) => state === PASSED),
      checks: Object.fromEntries(checks),
      warnings: Object.fromEntries(warnings),
    }),
  };
}

/** The HTTP side of a service. */
export interface HttpServer extends AsyncDisposable {
  port: number;
}

interface HttpServerOptions {
  host: string;
  port: number;
  health: Health;
  metrics: Registry;
  /** The setting that an operator changes when the port is taken. */
  portSetting: string;
}

/**
 * Serves `/healthz` (200 while the process runs its event loop), `/readyz` (200 or 503 with the
 * state of every check) and `/metrics` (Prometheus text).
 *
 * @throws Fault when the address cannot be listened on.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenFault(cause, options)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { health, metrics }: HttpServerOptions,
): Promise<void> {
  const path = request.url?.split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") {
    send(response, 405, "text/plain", "only GET is answered here\n");
  } else if (path === "/healthz") {
    send(response, 200, "text/plain", "ok\n");
  } else if (path === "/readyz") {
    const report = health.report();
    send(response, report.ready ? 200 : 503, "application/json", `${JSON.stringify(report)}\n`);
  } else if (path === "/metrics") {
    send(response, 200, metrics.contentType, await metrics.metrics());
  } else {
    send(response, 404, "text/plain", "there is /healthz, /readyz and /metrics\n");
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(body);
}

function listenFault(cause: unknown, { host, port, portSetting }: HttpServerOptions): Fault {
  const code = errorCode(cause);
  const taken = code === "EADDRINUSE";
  return new Fault(
    taken ? `port ${port} on ${host} is taken` : `port ${port} on ${host} cannot be used (${code})`,
    {
      remedy: taken
        ? `Set ${portSetting} to a free port, or end the program that has it.`
        : `Set HTTP_HOST to an address of this machine and ${portSetting} to a port above 1023.`,
      exitCode: EXIT_CODES.unavailable,
      cause,
    },
  );
}

/** Something that a service asked its broker for and does not get. */
interface Shortfall {
  kind: string;
  /** In words for an operator. */
  reason: string;
}

/** Shows in `/readyz` and `/metrics` how a link to a broker is: spread it into the link's options. */
export interface BrokerCheck {
  onConnected(): void;
  onDisconnected(reason: string): void;
  onShortfalls(shortfalls: readonly Shortfall[]): void;
  onTakeover(): void;
}

/** What keeps a service from being ready: messages that it was asked to take do not come. The rest is a warning. */
const NOT_READY: ReadonlySet<string> = new Set(["filter"]);

const SHORTFALLS = "weir_broker_shortfalls";
const TAKEOVERS = "weir_broker_takeovers_total";

/** @param name of the check, and the label of the metrics. */
export function watchBroker(
  { health, metrics }: { health: Health; metrics: Registry },
  name = "broker",
): BrokerCheck {
  const check = health.check(name);
  const { shortfallGauge, takeoverCounter } = metricsIn(metrics);
  const labels = { connection: name };
  takeoverCounter.inc(labels, 0);
  let isConnected = false;
  let shortfalls: readonly Shortfall[] = [];

  function show(): void {
    if (!isConnected) return;
    const reasons = (isBlocking: boolean): string[] =>
      shortfalls
        .filter(({ kind }) => NOT_READY.has(kind) === isBlocking)
        .map(({ reason }) => reason);
    const blocking = reasons(true);
    if (blocking.length > 0) check.fail(blocking.join(" "));
    else check.pass(reasons(false));
  }

  return {
    onConnected: () => {
      isConnected = true;
      show();
    },
    onDisconnected: (reason) => {
      isConnected = false;
      check.fail(reason);
    },
    onShortfalls: (found) => {
      for (const { kind } of shortfalls) shortfallGauge.remove({ ...labels, kind });
      shortfalls = found;
      for (const { kind } of shortfalls) shortfallGauge.inc({ ...labels, kind });
      show();
    },
    onTakeover: () => takeoverCounter.inc(labels),
  };
}

/** A service may have several brokers: the metrics are registered once. */
function metricsIn(registry: Registry): { shortfallGauge: Gauge; takeoverCounter: Counter } {
  const registers = [registry];
  const shortfallGauge =
    (registry.getSingleMetric(SHORTFALLS) as Gauge | undefined) ??
    new Gauge({
      name: SHORTFALLS,
      help: "What the broker does not grant of what is asked for, by kind; filter: so many filters are refused.",
      labelNames: ["connection", "kind"],
      registers,
    });
  const takeoverCounter =
    (registry.getSingleMetric(TAKEOVERS) as Counter | undefined) ??
    new Counter({
      name: TAKEOVERS,
      help: "Connections that another client of the same client id seems to have ended.",
      labelNames: ["connection"],
      registers,
    });
  return { shortfallGauge, takeoverCounter };
}
