import { Counter, Gauge, type Registry } from "@weir/runtime";
import type { StreamHistory } from "./stream-history.ts";

export type HistoryMetrics = ReturnType<typeof createHistoryMetrics>;

/** What is counted of the history of each stream. */
export function createHistoryMetrics(registry: Registry) {
  const counter = (name: string, help: string): Counter =>
    new Counter({
      name: `weir_history_${name}_total`,
      help,
      labelNames: ["stream"],
      registers: [registry],
    });
  return {
    points: counter("points", "Points that were taken into the history."),
    flushes: counter("flushes", "How often points were written into files."),
    merges: counter("merges", "How often files were put together."),
    backfilled: counter("backfilled_rows", "Rows that were read for the history alone."),
    skipped: counter("skipped_segments", "Segments whose points the history lacks."),
  };
}

/** What the histories have in memory and on the disk. */
export function exposeHistory(options: {
  streams: () => ReadonlyMap<string, StreamHistory>;
  registry: Registry;
}): void {
  const { streams, registry } = options;
  const expose = (name: string, help: string, set: (gauge: Gauge) => void): void => {
    new Gauge({
      name: `weir_history_${name}`,
      help,
      labelNames: ["stream"],
      registers: [registry],
      collect() {
        // A stream that weir.yaml no longer has must not stay.
        this.reset();
        set(this);
      },
    });
  };
  const exposeEach = (name: string, help: string, of: (history: StreamHistory) => number): void =>
    expose(name, help, (gauge) => {
      for (const [stream, history] of streams()) gauge.set({ stream }, of(history));
    });
  exposeEach("waiting_points", "Points in memory that are not written yet.", (one) => one.waiting);
  exposeEach(
    "late_points",
    "Points that were older than the history reaches, since the start.",
    (one) => one.leftOut.tooOld,
  );
  exposeEach(
    "turned_away_points",
    "Points of series for which there is no place, since the start.",
    (one) => one.leftOut.turnedAway,
  );
  exposeEach(
    "backfill_lag_rows",
    "Committed rows of the segment that a backfill reads that it has not read; 0 without one.",
    (one) => one.backfillLagRows,
  );
  exposeEach("files", "Files of points.", (one) => one.use.files);
  exposeEach("bytes", "Bytes of the files of points.", (one) => one.use.bytes);
}
