import type { KindSettings } from "@weir/delivery";

/** The kind of log lines among a device's messages. */
export const LOG_KIND = "log";
/** A log line that is so late tells nobody anything. */
const LOG_TTL_MS = 60_000;

/** The kind of message that a delivery class with its settings is. */
export function kindOf(delivery: KindSettings): string {
  return delivery.class === "event"
    ? `state ${delivery.class} ${delivery.ttlMs ?? ""}`
    : `state ${delivery.class}`;
}

/** All kinds of messages of a device: one for each way in which its sources are delivered, and its log. */
export function kindsOf(deliveries: readonly KindSettings[]): Record<string, KindSettings> {
  return {
    [LOG_KIND]: { class: "event", ttlMs: LOG_TTL_MS },
    ...Object.fromEntries(deliveries.map((delivery) => [kindOf(delivery), delivery])),
  };
}
