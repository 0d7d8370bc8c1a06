import { createHistogram } from "node:perf_hooks";
import type { Sent } from "./load.ts";

/** Times from sending to acknowledgement, of messages that are acknowledged in the order of sending. */
export interface Latency {
  sent(through: number, atMs: number): void;
  acknowledged(through: number, atMs: number): void;
  summary(): NonNullable<Sent["latencyUs"]>;
}

export function createLatency(): Latency {
  const histogram = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  // One for each write: messages of one write share their time.
  const writes: { through: number; atMs: number }[] = [];
  let oldest = 0;
  let done = 0;

  return {
    sent: (through, atMs) => writes.push({ through, atMs }),
    acknowledged: (through, atMs) => {
      for (; done < through; done += 1) {
        let write = writes[oldest];
        while (write !== undefined && write.through <= done) {
          oldest += 1;
          write = writes[oldest];
        }
        if (write !== undefined)
          histogram.record(Math.max(1, Math.round((atMs - write.atMs) * 1_000)));
      }
      if (oldest < 10_000) return;
      writes.splice(0, oldest);
      oldest = 0;
    },
    summary: () => ({
      p50: histogram.percentile(50),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    }),
  };
}
