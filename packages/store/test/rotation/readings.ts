import type { NewRow } from "@weir/store";
import { rowOf, START_US } from "@weir/testkit";

/** A reading from an outbox. */
export function outboxReading(seq: number, { publisher = "kitchen", epoch = "e1" } = {}): NewRow {
  return rowOf(JSON.stringify({ number: seq, epochtime: START_US / 1e6, publisher, epoch, seq }));
}
