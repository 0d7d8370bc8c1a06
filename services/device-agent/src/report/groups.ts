import { EVENT_TTL_MS } from "@weir/delivery";
import type { ReportedSource, StateSeries } from "./reporter.ts";

/** Sources that are measured together: they have one interval and one way of delivery. */
export interface Group extends StateSeries {
  /** The same for the same interval and way of delivery. */
  key: string;
  intervalMs: number;
  /** Whether one of them has the device's interval. */
  followsDevice: boolean;
  sources: readonly ReportedSource[];
}

export function groupsOf(sources: readonly ReportedSource[], deviceIntervalMs: number): Group[] {
  const gathered = Map.groupBy(sources, (source) => keyOf(source, deviceIntervalMs));
  return [...gathered].map(([key, [first, ...others]]) => {
    // A group has at least the source that it was made for.
    const { delivery, everyMs } = first as ReportedSource;
    const members = [first as ReportedSource, ...others];
    const followsDevice = members.some((source) => source.everyMs === null);
    return {
      key,
      delivery,
      everyMs: followsDevice ? null : everyMs,
      intervalMs: everyMs ?? deviceIntervalMs,
      followsDevice,
      sources: members,
    };
  });
}

function keyOf({ delivery, everyMs }: ReportedSource, deviceIntervalMs: number): string {
  const ttlMs = delivery.class === "event" ? (delivery.ttlMs ?? EVENT_TTL_MS) : "";
  return `${delivery.class} ${ttlMs} ${everyMs ?? deviceIntervalMs}`;
}
