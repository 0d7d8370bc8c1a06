import type { Series } from "../../src/contract/series.ts";

/** So many usual intervals without a value make the last one old. */
const OLD_INTERVALS = 3;
const OLD_MS_MIN = 60_000;
/** For a series whose interval is not known yet. */
const OLD_MS_UNKNOWN = 3_600_000;

/** What a series is called where its device is named beside it: without the name of the device before its own. */
export function labelOf({
  name,
  path,
  topic,
  device,
}: Pick<Series, "name" | "path" | "topic" | "device">): string {
  if (name !== null && name !== "") {
    const before = `${device.name} `;
    const isBefore = name.length > before.length && name.startsWith(before);
    return isBefore ? name.slice(before.length) : name;
  }
  if (path !== "") return path;
  return topic.slice(topic.lastIndexOf("/") + 1) || topic;
}

/** Whether newer values were due by now. */
export function isOld(
  { receivedMs, intervalMs }: Pick<Series, "receivedMs" | "intervalMs">,
  nowMs: number,
): boolean {
  const limitMs =
    intervalMs > 0 ? Math.max(OLD_MS_MIN, OLD_INTERVALS * intervalMs) : OLD_MS_UNKNOWN;
  return nowMs - receivedMs > limitMs;
}
