import { Counter, Gauge, Histogram, type Registry } from "@weir/service";
import type { Store } from "@weir/store";

/** What the logger counts. */
export interface LoggerMetrics {
  /** Rows stored, by what became of their payload. Labels come from the fixed list of outcomes. */
  rows: Counter<"kind" | "reason">;
  /** Messages, by what the ledger says of them. Labels come from a fixed list. */
  messages: Counter<"filed">;
  receipts: Counter;
  commitSeconds: Histogram;
  prunedRows: Counter;
  /** Messages on topics that no stream asks for. */
  unmatched: Counter;
}

export function createLoggerMetrics(registry: Registry, store: Store): LoggerMetrics {
  const registers = [registry];
  new Gauge({
    name: "weir_logger_store_rows",
    help: "Rows in the store.",
    registers,
    collect() {
      this.set(store.size().rows);
    },
  });
  new Gauge({
    name: "weir_logger_store_bytes",
    help: "Size of the store's file, its write-ahead log not included.",
    registers,
    collect() {
      this.set(store.size().bytes);
    },
  });
  return {
    rows: new Counter({
      name: "weir_logger_rows_total",
      help: "Rows stored, by what became of their payload.",
      labelNames: ["kind", "reason"],
      registers,
    }),
    messages: new Counter({
      name: "weir_logger_messages_total",
      help: "Messages by what the ledger says: new, duplicate (not stored again), beyond limits, or unsequenced.",
      labelNames: ["filed"],
      registers,
    }),
    receipts: new Counter({
      name: "weir_logger_receipts_total",
      help: "Receipts that the broker has acknowledged.",
      registers,
    }),
    commitSeconds: new Histogram({
      name: "weir_logger_commit_seconds",
      help: "Time that one commit takes.",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    prunedRows: new Counter({
      name: "weir_logger_pruned_rows_total",
      help: "Rows that retention removed.",
      registers,
    }),
    unmatched: new Counter({
      name: "weir_logger_unmatched_total",
      help: "Messages on a topic that no stream asks for; they are not stored.",
      registers,
    }),
  };
}
