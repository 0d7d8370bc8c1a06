export type { Logger } from "pino";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export { createHealth, type Health, type HealthCheck, type HealthReport } from "./health.ts";
export { type HttpServer, startHttpServer } from "./http-server.ts";
export { createLogger } from "./logger.ts";
export { NODE_ARGUMENTS, NODE_ENVIRONMENT } from "./node-options.ts";
export { runService } from "./run-service.ts";
export type { Option, Service, ServiceContext, ServiceDefinition } from "./service.ts";
export { listenForStopRequest, type StopRequest } from "./stop-request.ts";
