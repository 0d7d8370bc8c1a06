import type { SourceEntry } from "./agent-file.ts";

/** What a device measures without an agent.yaml, or with one that names no sources. */
export const DEFAULT_SOURCES: Readonly<Record<string, SourceEntry>> = {
  drive: { source: "space_usage", mount: "/" },
  walk: { source: "random_walk", deadband: { absolute: 0.8 }, maxSilence: "5m" },
  machine: { source: "system" },
  scatter: { source: "random_scatter", active: false },
};
