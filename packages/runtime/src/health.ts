import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Gauge, type Registry } from "prom-client";
import { EXIT_CODES, errorCode, Fault } from "./fault.ts";
import type { Routes } from "./routes.ts";

const PASSED = "ok";

/** A check of a service's health. */
export type HealthCheck = ReturnType<Health["check"]>;

/** What a service needs to be ready, check by check. */
export class Health {
  readonly #checks = new Map<string, string>();
  readonly #warnings = new Map<string, readonly string[]>();

  /** Adds a check. It does not pass until `pass` is called. */
  check(name: string) {
    this.#checks.set(name, "starting");
    return {
      /** @param warnings what works with restrictions, in words for an operator. */
      pass: (warnings: readonly string[] = []): void => {
        this.#checks.set(name, PASSED);
        if (warnings.length > 0) this.#warnings.set(name, warnings);
        else this.#warnings.delete(name);
      },
      /** @param reason what is missing, in words for an operator. */
      fail: (reason: string): void => {
        this.#checks.set(name, reason);
        this.#warnings.delete(name);
      },
    };
  }

  /** The state of every check, and the warnings of those that pass. */
  report() {
    return {
      ready: this.#checks.size > 0 && [...this.#checks.values()].every((state) => state === PASSED),
      checks: Object.fromEntries(this.#checks),
      warnings: Object.fromEntries(this.#warnings),
    };
  }
}

const REQUEST_MS_MAX = 10_000;

interface HttpServerOptions {
  host: string;
  port: number;
  health: Health;
  metrics: Registry;
  routes: Routes;
  /** The setting that an operator changes when the port is taken. */
  portSetting: string;
}

/**
 * Serves `/healthz` (200 while the process runs its event loop), `/readyz` (200 or 503 with the
 * state of every check), `/metrics` (Prometheus text), and what the service adds.
 *
 * @throws Fault when the address cannot be listened on.
 */
export async function startHttpServer(options: HttpServerOptions) {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => response.destroy(error as Error));
  });
  // A body comes within this time, or the connection is closed.
  server.requestTimeout = REQUEST_MS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(listenFault(cause, options)));
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { health, metrics, routes }: HttpServerOptions,
): Promise<void> {
  const path = request.url?.split("?")[0];
  if (await routes.handle(request, response)) return;
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

/** Something that a service asks of its broker and does not get. */
interface Shortfall {
  kind: string;
  /** In words for an operator. */
  reason: string;
}

/** With such a shortfall a service is not ready: it does not receive what it must. Others are warnings. */
const NOT_READY = "filter";

const SHORTFALLS = "weir_broker_shortfalls";
const TAKEOVERS = "weir_broker_takeovers_total";

export type BrokerCheck = ReturnType<typeof watchBroker>;

/**
 * Shows the state of a connection to a broker in `/readyz` and `/metrics`. The result is spread into the
 * options of the connection's client.
 *
 * @param name of the check, and the label of the metrics.
 */
export function watchBroker(
  { health, metrics }: { health: Health; metrics: Registry },
  name = "broker",
) {
  const check = health.check(name);
  const { shortfallGauge, takeoverCounter } = metricsIn(metrics);
  const labels = { connection: name };
  takeoverCounter.inc(labels, 0);
  let isConnected = false;
  let shortfalls: readonly Shortfall[] = [];

  function show(): void {
    if (!isConnected) return;
    const blocking = shortfalls.filter(({ kind }) => kind === NOT_READY);
    const reasonsOf = (some: readonly Shortfall[]) => some.map(({ reason }) => reason);
    if (blocking.length > 0) check.fail(reasonsOf(blocking).join(" "));
    else check.pass(reasonsOf(shortfalls));
  }

  return {
    onConnected: (): void => {
      isConnected = true;
      show();
    },
    onDisconnected: (reason: string): void => {
      isConnected = false;
      check.fail(reason);
    },
    onShortfalls: (found: readonly Shortfall[]): void => {
      for (const { kind } of shortfalls) shortfallGauge.remove({ ...labels, kind });
      shortfalls = found;
      for (const { kind } of shortfalls) shortfallGauge.inc({ ...labels, kind });
      show();
    },
    onTakeover: (): void => takeoverCounter.inc(labels),
  };
}

/** A service may have several brokers. The metrics are registered once. */
function metricsIn(registry: Registry): { shortfallGauge: Gauge; takeoverCounter: Counter } {
  const registers = [registry];
  const known = <M>(name: string) => registry.getSingleMetric(name) as M | undefined;
  return {
    shortfallGauge:
      known<Gauge>(SHORTFALLS) ??
      new Gauge({
        name: SHORTFALLS,
        help: "What the broker does not grant, by kind; filter: the number of refused filters.",
        labelNames: ["connection", "kind"],
        registers,
      }),
    takeoverCounter:
      known<Counter>(TAKEOVERS) ??
      new Counter({
        name: TAKEOVERS,
        help: "Connections that another client of the same client id seems to have ended.",
        labelNames: ["connection"],
        registers,
      }),
  };
}
