import type { BrokerLink } from "@weir/mqtt";
import type { ServiceContext } from "@weir/runtime";
import type { StoredStream } from "@weir/streams";
import type { PerformanceReport } from "../sources/logger-performance.ts";
import { LatestAverages } from "./averages.ts";
import type { DeviceNews } from "./device-news.ts";
import { Live, type WorkflowsSaid } from "./live.ts";
import { type Missing, StatusBoard } from "./status-board.ts";

interface LiveConfig {
  streams: { streams: readonly StoredStream[] };
  indexFile: string;
  statsTopic: string;
  /** Older statistics are stale. */
  staleAfterSeconds: number;
  /** How far ahead of reception an observation may lie, in microseconds. */
  skewUs: number;
}

interface Sources {
  /** It must not have been started yet. */
  link: BrokerLink;
  missing: () => Missing | null;
  performance: PerformanceReport;
  devices: DeviceNews | null;
  workflows: WorkflowsSaid;
  version: string;
}

/** What pages get without asking again, and the status for those who ask. */
export function openLive(
  { streams: { streams }, ...config }: LiveConfig,
  context: ServiceContext,
  { link, missing, performance, devices, workflows, version }: Sources,
): { live: Live; status: StatusBoard } {
  const averages = new LatestAverages({ ...config, ...context, link });
  const lagRows = () => averages.lagRows();
  const sources = { link, streams, lagRows, missing, performance };
  const status = new StatusBoard({ ...config, ...context, ...sources });
  const live = new Live({
    ...config,
    ...context,
    streams,
    status,
    averages,
    devices,
    workflows,
    version,
  });
  return { live, status };
}
