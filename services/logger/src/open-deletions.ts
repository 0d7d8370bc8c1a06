import { type ServiceContext, tokenIn } from "@weir/runtime";
import { deletionsFileOf, type SegmentFinalizer } from "@weir/store";
import type { LoggerConfig } from "./config.ts";
import { addDeletionRoutes } from "./deletion-routes.ts";
import { DeletionWorker } from "./deletion-worker.ts";
import { Deletions, registerDeletionMetrics } from "./deletions.ts";
import type { Stream } from "./stream.ts";

/**
 * Goes on with the deletions that an earlier process has left, and answers requests for others.
 *
 * @throws Fault when the token can neither be read nor made.
 */
export function openDeletions(
  config: Pick<LoggerConfig, "file" | "tokenFile" | "maintenance">,
  options: Pick<ServiceContext, "clock" | "logger" | "metrics" | "routes" | "fail"> & {
    streams: () => readonly Stream[];
    finalizer: SegmentFinalizer;
  },
): AsyncDisposable {
  const { clock, logger, metrics, routes } = options;
  const deletions = new Deletions(deletionsFileOf(config.file), { clock, logger });
  const token = tokenIn(config.tokenFile, "logger");
  const { clockSteadyMs } = config.maintenance;
  const worker = new DeletionWorker({ ...options, deletions, clockSteadyMs });
  registerDeletionMetrics(metrics, deletions);
  addDeletionRoutes(routes, token, { ...options, deletions, worker });
  return worker;
}
