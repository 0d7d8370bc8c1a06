import { Counter, Gauge, type Registry } from "@weir/runtime";
import { type Catalogue, STREAM_SERIES_MAX, type StreamCatalogue } from "@weir/series";

/** What is counted of series with statistics. Devices are no labels: any client can invent them. */
export function createSeriesMetrics(registry: Registry) {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `weir_stats_series${name}`, help, registers: [registry] });
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `weir_stats_series_${name}_total`, help, registers: [registry] });
  return {
    kept: gauge("", "Series that statistics are kept of."),
    waiting: gauge("_waiting", "Series that are due and wait for their turn to be published."),
    lag: gauge("_lag_rows", "Committed rows of the segment being read that are not counted yet."),
    readings: counter("readings", "Points of series that were taken into statistics."),
    turnedAway: counter("turned_away", "Points of series beyond STATS_SERIES_MAX."),
    publications: counter("publications", "Statistics of series that the broker has acknowledged."),
    rereadings: counter("rereadings", "How often a stream was read again for its windows."),
    skipped: counter("skipped_segments", "Segments that could not be read."),
  };
}

/** What the catalogue has of each stream, and what its limits left out. */
export function exposeCatalogue(
  catalogue: Catalogue,
  streams: () => Iterable<string>,
  registry: Registry,
): void {
  const expose = (name: string, help: string, numberIn: (of: StreamCatalogue) => number): void => {
    new Gauge({
      name: `weir_series${name}`,
      help,
      labelNames: ["stream"],
      registers: [registry],
      collect() {
        // A stream that weir.yaml no longer has must not stay.
        this.reset();
        for (const stream of streams()) this.set({ stream }, numberIn(catalogue.stream(stream)));
      },
    });
  };
  expose(
    "",
    `Series of each stream in the catalogue; at most ${STREAM_SERIES_MAX}.`,
    ({ size }) => size,
  );
  expose(
    "_turned_away_points",
    "Points of series for which the catalogue has no place, since the start.",
    ({ left }) => left.turnedAway,
  );
  expose(
    "_cut_payloads",
    "Payloads of which a limit left something out, since the start.",
    ({ left }) => left.cutPayloads,
  );
  expose(
    "_not_remembered",
    "How often the memory of payload families had no place for something, since the start.",
    ({ memory }) => memory.refused,
  );
}

/** A series that was silent for so long has no value on /metrics. */
const SILENT_US = 1_800_000_000;
/** Longer texts would be labels that are too long to read. */
const LABEL_LENGTH_MAX = 256;

/** The newest values of the first `metricsMax` series: their names are bounded, though clients invent them. */
export function exposeValues(
  catalogue: Catalogue,
  streams: () => Iterable<string>,
  options: { metricsMax: number; now: () => number; registry: Registry },
): void {
  const { metricsMax, now, registry } = options;
  if (metricsMax === 0) return;
  new Gauge({
    name: "weir_series_value",
    help: "The newest value of each series that is not silent; at most STATS_SERIES_METRICS_MAX series.",
    labelNames: ["stream", "topic", "path", "unit"],
    registers: [registry],
    collect() {
      this.reset();
      let left = metricsMax;
      const sinceUs = now() * 1_000 - SILENT_US;
      for (const stream of streams()) {
        for (const { topic, path, unit, newestValue, receivedUs } of catalogue
          .stream(stream)
          .all()) {
          if (receivedUs < sinceUs || topic.length + path.length > LABEL_LENGTH_MAX) continue;
          if (left === 0) return;
          left -= 1;
          this.set({ stream, topic, path, unit: unit ?? "" }, newestValue);
        }
      }
    },
  });
}
