import { grouped } from "@weir/command-line";
import type { FleetCounts } from "./fleet.ts";

/** What a fleet's process has used since it began. */
export interface Usage {
  elapsedMs: number;
  /** CPU time, user and system, in milliseconds. */
  cpuMs: number;
  residentBytes: number;
}

/** One line while it runs. */
export function renderProgress(counts: FleetCounts, sentBefore: number, sinceMs: number): string {
  const rate = sinceMs > 0 ? Math.round(((counts.sent - sentBefore) * 1_000) / sinceMs) : 0;
  const { connected, sent, lost, commands } = counts;
  return `${grouped(connected)} connected, ${grouped(sent)} states sent (${grouped(rate)}/s), ${grouped(lost)} lost, ${grouped(commands)} commands`;
}

/** What is said at the end. */
export function renderSummary(devices: number, counts: FleetCounts, usage: Usage): string {
  const { elapsedMs, cpuMs, residentBytes } = usage;
  const seconds = elapsedMs / 1_000;
  return [
    `${grouped(devices)} devices for ${seconds.toFixed(1)} s: ${grouped(counts.sent)} states sent`,
    `(${grouped(Math.round(counts.sent / seconds))}/s), ${grouped(counts.lost)} lost, ${grouped(counts.commands)} commands;`,
    `${((100 * cpuMs) / elapsedMs).toFixed(1)} % of a core, ${Math.round(residentBytes / 1_048_576)} MiB`,
  ].join(" ");
}
