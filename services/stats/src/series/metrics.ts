import { Counter, Gauge, type ServiceContext } from "@weir/service";

/** What is counted of series, for `/metrics`. Devices make no labels: anybody can invent them. */
export interface SeriesMetrics {
  kept: Gauge;
  waiting: Gauge;
  lag: Gauge;
  readings: Counter;
  turnedAway: Counter;
  publications: Counter;
  rereadings: Counter;
  skipped: Counter;
}

export function createSeriesMetrics({ metrics }: Pick<ServiceContext, "metrics">): SeriesMetrics {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `weir_stats_series${name}`, help, registers: [metrics] });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `weir_stats_series_${name}_total`, help, registers: [metrics] });
  return {
    kept: gauge("", "Attributes of devices that statistics are kept of."),
    waiting: gauge("_waiting", "Series that are due and wait for their turn to be published."),
    lag: gauge("_lag_rows", "Committed rows of the segment being read that are not counted yet."),
    readings: counter("readings", "Readings of devices' attributes that were taken in."),
    turnedAway: counter("turned_away", "Readings of series that there was no room for."),
    publications: counter("publications", "Statistics of series that the broker has acknowledged."),
    rereadings: counter("rereadings", "How often the stream was read anew for its windows."),
    skipped: counter("skipped_segments", "Segments that could not be read."),
  };
}
