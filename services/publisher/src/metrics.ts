import { Counter, Gauge, type Registry } from "@weir/service";

/** What the publisher counts. */
export interface PublisherMetrics {
  /** Readings by what became of them. Labels come from a fixed list. */
  readings: Counter<"outcome">;
  waitsForLock: Gauge;
}

/** @param waiting how many readings are in the outbox. */
export function createPublisherMetrics(
  registry: Registry,
  waiting: () => number,
): PublisherMetrics {
  const registers = [registry];
  new Gauge({
    name: "weir_publisher_outbox_rows",
    help: "Readings that are not confirmed yet.",
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    waitsForLock: new Gauge({
      name: "weir_publisher_waits_for_lock",
      help: "1 while nothing is written to the outbox because another program has a write transaction open on it.",
      registers,
    }),
    readings: new Counter({
      name: "weir_publisher_readings_total",
      help: "Readings by outcome: accepted or refused by the outbox, delivered, abandoned.",
      labelNames: ["outcome"],
      registers,
    }),
  };
}
