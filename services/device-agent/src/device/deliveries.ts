import { EVENT_TTL_MS, type KindSettings } from "@weir/delivery";
import type { StateSeries } from "../report/reporter.ts";

/** The kind of log lines among a device's messages. */
export const LOG_KIND = "log";
/** A log line that is so late tells nobody anything. */
const LOG_TTL_MS = 60_000;

/** The kind of message that the states of a series are. */
export function kindOf({ delivery, everyMs }: StateSeries): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `state ${delivery.class} ${ttlMs} ${everyMs ?? "device"}`;
}

/** All kinds of messages of a device: one for each series of its states, and its log. */
export function kindsOf(series: readonly StateSeries[]): Record<string, KindSettings> {
  return {
    [LOG_KIND]: { class: "event", ttlMs: LOG_TTL_MS },
    ...Object.fromEntries(series.map((one) => [kindOf(one), one.delivery])),
  };
}
