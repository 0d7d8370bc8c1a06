import { randomUUID } from "node:crypto";
import { BrokerLink } from "@weir/mqtt";
import type { Flow } from "@weir/protocol";
import { EXIT_CODES, errorCode, Fault, type Service, type ServiceContext } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { Access } from "./access/access.ts";
import { openDashboardFile } from "./access/database.ts";
import { guard } from "./access/guard.ts";
import type { DashboardConfig } from "./config.ts";
import { Devices } from "./devices/devices.ts";
import { buildServer } from "./http/server.ts";
import { openLive } from "./live/open-live.ts";
import { accessRoutes } from "./routes/access.ts";
import { alertRoutes } from "./routes/alerts.ts";
import { auditRoutes } from "./routes/audit.ts";
import { commandRoutes } from "./routes/commands.ts";
import { deletionRoutes } from "./routes/deletions.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { explainRoutes } from "./routes/explain.ts";
import { exportRoutes } from "./routes/exports.ts";
import { historyRoutes } from "./routes/history.ts";
import { liveRoutes } from "./routes/live.ts";
import { networkRoutes } from "./routes/network.ts";
import { rejectionRoutes } from "./routes/rejections.ts";
import { seriesRoutes } from "./routes/series.ts";
import { serviceRoutes } from "./routes/services.ts";
import { statusRoutes } from "./routes/status.ts";
import { streamRoutes } from "./routes/streams.ts";
import { userRoutes } from "./routes/users.ts";
import { workflowRoutes } from "./routes/workflows.ts";
import { AuditRunner } from "./sources/audit-runner.ts";
import { SeriesCatalogue } from "./sources/catalogue-cache.ts";
import { DiskWatch } from "./sources/disk-watch.ts";
import { Exports } from "./sources/exports.ts";
import { HistoryAnswers } from "./sources/history-answers.ts";
import { LoggerDeletions } from "./sources/logger-deletions.ts";
import { PerformanceReport } from "./sources/logger-performance.ts";
import { NetworkControl } from "./sources/network-control.ts";
import { OwnHealth } from "./sources/own-health.ts";
import { ServicesHealth } from "./sources/service-health.ts";
import { WorkflowNews } from "./sources/workflow-news.ts";
import { WorkflowsClient } from "./sources/workflows-client.ts";

const VERSION = "0.1.0";

export const flow: Flow = {
  subscribes: [
    "devices/<id>/command",
    "devices/<id>/command/ack",
    "devices/<id>/availability",
    "devices/<id>/log/<level>",
    "STATS",
    "$SYS/broker/log/N",
  ],
  publishes: ["devices/<id>/command"],
};

/** Starts the pages and the API. SIGHUP starts all but the access once more, with weir.yaml as it is then. */
export async function startDashboard(
  config: DashboardConfig,
  context: ServiceContext,
): Promise<Service<DashboardConfig>> {
  const { clock, logger } = context;
  await using opening = new AsyncDisposableStack();
  const database = openDashboardFile(config.file);
  opening.defer(() => void database.close());
  const access = opening.use(new Access(database, clock, logger));
  if (config.password !== null) await access.takeFilePassword(config.password);
  let serving = await serve(config, context, { database, access });
  opening.defer(() => serving.disposeAsync());
  const running = opening.move();
  return {
    reload: async ({ streams, audited }) => {
      await serving.disposeAsync();
      try {
        serving = await serve({ ...config, streams, audited }, context, { database, access });
      } catch (error) {
        // There is nothing left that could go on.
        context.fail(error);
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** It knows by itself how it is. */
const OWN_NAME = "dashboard";

/** Everything but who may use it. */
async function serve(
  config: DashboardConfig,
  context: ServiceContext,
  { database, access }: { database: Database; access: Access },
): Promise<AsyncDisposableStack> {
  const { clock, logger, health } = context;
  await using opening = new AsyncDisposableStack();
  const link = opening.use(
    new BrokerLink(config.broker, `weir-dashboard-${randomUUID()}`, context),
  );
  const { trustedProxies, tls } = config;
  const server = opening.adopt(
    await buildServer(logger, VERSION, { trustedProxies, tls }),
    (opened) => opened.close(),
  );
  guard(server, access);
  server.get("/api/v1/openapi.json", { config: { role: "anyone" }, schema: { hide: true } }, () =>
    server.swagger(),
  );
  accessRoutes(server, access);
  userRoutes(server, access);

  const catalogue = new SeriesCatalogue(config.indexFile, context);
  const stored = { ...config, streams: config.streams.streams, catalogue, clock, logger };
  seriesRoutes(server, catalogue);
  historyRoutes(server, new HistoryAnswers(stored));
  explainRoutes(server, stored);
  exportRoutes(server, new Exports(stored));
  const auditor = opening.use(new AuditRunner({ ...config.audited, clock, logger }));
  auditRoutes(server, auditor);
  const { intervalMs, topic } = config.streams.performance;
  const performance = new PerformanceReport(clock, intervalMs);
  link.listen(topic, (message) => performance.take(message));
  rejectionRoutes(server, { ...stored, performance });
  const disk = opening.use(new DiskWatch(stored));
  streamRoutes(server, { ...stored, performance, disk });
  const ownHealth = new OwnHealth({ health, clock, link });
  const others = config.services.filter(({ name }) => name !== OWN_NAME);
  serviceRoutes(server, new ServicesHealth(others, clock), () => ownHealth.all());
  networkRoutes(server, new NetworkControl(config.networkUrl));
  deletionRoutes(server, new LoggerDeletions(config.logger));
  const workflows = new WorkflowsClient(config.workflows);
  workflowRoutes(server, workflows);
  alertRoutes(server, workflows);
  const prefixes = config.devicePrefixes;
  const devices = opening.use(
    new Devices({ link, catalogue, database, stored, prefixes, context }),
  );
  deviceRoutes(server, devices);
  commandRoutes(server, devices);

  const { live, status } = openLive(config, context, {
    link,
    missing: () => auditor.missing(),
    performance,
    devices,
    workflows: new WorkflowNews(workflows, context),
    version: VERSION,
  });
  statusRoutes(server, { status });
  liveRoutes(server, { live, catalogue, streams: config.streams.streams.map(({ name }) => name) });

  const check = health.check("pages");
  try {
    const address = await server.listen({ host: config.host, port: config.port });
    const shown = addressFor(config.host, address);
    logger.info({ address }, `the pages are at ${shown}`);
    const code = access.setupCode?.text;
    if (code !== undefined) {
      logger.info(`the first user is made with the code ${code} at ${shown}`);
    }
  } catch (cause) {
    throw listenFault(cause, config);
  }
  check.pass();
  await link.start();
  return opening.move();
}

/** An address that a browser on this machine can open. */
function addressFor(host: string, address: string): string {
  if (host !== "0.0.0.0" && host !== "::") return address;
  const shown = new URL(address);
  shown.hostname = "localhost";
  return shown.origin;
}

function listenFault(cause: unknown, { host, port }: DashboardConfig): Fault {
  const isTaken = errorCode(cause) === "EADDRINUSE";
  return new Fault(
    isTaken ? `port ${port} on ${host} is taken` : `port ${port} on ${host} cannot be used`,
    {
      remedy: "Set DASHBOARD_PORT to a free port, or end the program that has it.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    },
  );
}
