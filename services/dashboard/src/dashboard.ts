import { EXIT_CODES, errorCode, Fault, type Service, type ServiceContext } from "@weir/runtime";
import { BrokerLink } from "./broker-link.ts";
import type { DashboardConfig } from "./config.ts";
import { SeriesCatalogue } from "./data/catalogue-cache.ts";
import { LoggerDeletions } from "./data/logger-deletions.ts";
import { buildServer } from "./http/server.ts";
import { deletionRoutes } from "./routes/deletions.ts";
import { seriesRoutes } from "./routes/series.ts";

const VERSION = "0.1.0";

/** Starts the pages and the API. */
export async function startDashboard(
  config: DashboardConfig,
  context: ServiceContext,
): Promise<Service<DashboardConfig>> {
  const { logger, health } = context;
  await using opening = new AsyncDisposableStack();
  const link = opening.use(new BrokerLink(config.broker, "weir-dashboard", context));
  const server = opening.adopt(await buildServer(logger, VERSION), (opened) => opened.close());
  server.get("/api/v1/openapi.json", { schema: { hide: true } }, () => server.swagger());

  const catalogue = new SeriesCatalogue(config.indexFile, context);
  seriesRoutes(server, catalogue);
  deletionRoutes(server, new LoggerDeletions(config.logger));

  const check = health.check("pages");
  try {
    const address = await server.listen({ host: config.host, port: config.port });
    logger.info({ address }, `the pages are at ${address}`);
  } catch (cause) {
    throw listenFault(cause, config);
  }
  check.pass();
  await link.start();
  return opening.move();
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
