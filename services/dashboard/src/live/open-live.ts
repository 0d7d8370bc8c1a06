import type { ServiceContext } from "@weir/runtime";
import type { BrokerLink } from "../broker-link.ts";
import type { DashboardConfig } from "../config.ts";
import { LatestAverages } from "./averages.ts";
import type { DeviceNews } from "./device-news.ts";
import { Live } from "./live.ts";
import { type Missing, StatusBoard } from "./status-board.ts";

interface Sources {
  /** It must not have been started yet. */
  link: BrokerLink;
  missing: () => Missing | null;
  devices: DeviceNews | null;
  version: string;
}

/** Everything that pages are told without asking again, and the status for those who ask. */
export function openLive(
  { streams: { streams }, ...config }: DashboardConfig,
  context: ServiceContext,
  { link, missing, devices, version }: Sources,
): { live: Live; status: StatusBoard } {
  const averages = new LatestAverages({ ...config, ...context, link });
  const lagRows = () => averages.lagRows();
  const status = new StatusBoard({ ...config, ...context, link, streams, lagRows, missing });
  const live = new Live({ ...config, ...context, streams, status, averages, devices, version });
  return { live, status };
}
