import type { LoggerPerformance } from "@weir/protocol";
import type { Clock } from "@weir/runtime";

/** The payload of a report of the logger's performance, as of now. */
export function performanceOf(clock: Clock, given: Partial<LoggerPerformance>): Buffer {
  const report: LoggerPerformance = {
    at: Math.floor(clock.now() / 1_000),
    intervalSeconds: 10,
    messages: 0,
    messagesPerSecond: 0,
    bytes: 0,
    busyRatio: 0,
    idleRatio: 1,
    commitMs: null,
    batch: { mean: 0, max: 0 },
    dropped: 0,
    unmatched: 0,
    rssBytes: 0,
    streams: {},
    ...given,
  };
  return Buffer.from(JSON.stringify(report));
}
