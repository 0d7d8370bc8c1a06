import { setImmediate as yieldToEvents } from "node:timers/promises";
import { backupProblem, readBackupState } from "@weir/backup";
import type { Clock } from "@weir/runtime";
import { streamEnd } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import type { Streams } from "../contract/system.ts";
import type { SeriesCatalogue } from "./catalogue-cache.ts";
import type { DiskWatch } from "./disk-watch.ts";
import type { PerformanceReport } from "./logger-performance.ts";

export interface StreamOverviewOptions {
  streams: readonly StreamConfig[];
  catalogue: SeriesCatalogue;
  performance: Pick<PerformanceReport, "latest">;
  disk: Pick<DiskWatch, "latest">;
  storeFile: string;
  clock: Pick<Clock, "now">;
}

/** The streams: how they are configured, how fast messages come, and what they take. */
export async function streamOverview({
  streams,
  catalogue,
  performance,
  disk,
  storeFile,
  clock,
}: StreamOverviewOptions): Promise<Streams> {
  const reported = performance.latest();
  const measured = disk.latest();
  const series = new Map<string, number>();
  for (const { stream } of catalogue.all()) series.set(stream, (series.get(stream) ?? 0) + 1);
  const shown: Streams["streams"] = [];
  for (const config of streams) {
    const { name, historyMs } = config;
    const rates = reported?.streams[name];
    const use = measured?.streams.get(name);
    const receivedUs = streamEnd(config.place)?.receivedUs ?? null;
    shown.push({
      name,
      filters: [...config.filters],
      messagesPerSecond: rates?.messagesPerSecond ?? null,
      lagSeconds: rates?.lagSeconds ?? null,
      newestMs: receivedUs === null ? null : receivedUs / 1_000,
      series: series.get(name) ?? 0,
      bytes: use?.bytes ?? null,
      historyBytes: use?.historyBytes ?? null,
      bytesPerDay: use?.bytesPerDay ?? null,
      retention: config.retention,
      historyMs: historyMs === Number.POSITIVE_INFINITY ? null : historyMs,
      keepsHistory: keepsHistory(historyMs),
      archiveAfterMs: config.archiveAfterMs,
    });
    await yieldToEvents();
  }
  return {
    streams: shown,
    disk: measured?.disk ?? null,
    measuredMs: measured?.measuredMs ?? null,
    backup: readBackup(storeFile, clock.now()),
  };
}

function readBackup(storeFile: string, nowMs: number): Streams["backup"] {
  const state = readBackupState(storeFile);
  return state === null ? null : { endedMs: state.endedMs, problem: backupProblem(state, nowMs) };
}

function keepsHistory(historyMs: number | null): Streams["streams"][number]["keepsHistory"] {
  if (historyMs === null) return "off";
  return historyMs === Number.POSITIVE_INFINITY ? "forever" : "for a time";
}
