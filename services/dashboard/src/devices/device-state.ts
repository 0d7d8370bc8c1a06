import type { Device } from "../contract/devices.ts";

/** What a device says of itself, by birth and will. */
export interface Presence {
  isOnline: boolean;
  /** Milliseconds since the epoch; `null`: the broker had kept it, so since when is not known. */
  sinceMs: number | null;
}

/** A device is not silent before this, however often it reports. */
const SILENT_AFTER_MS_MIN = 60_000;
/** So many of its usual intervals without a message are silence. */
const SILENT_INTERVALS = 3;
/** The silence of a device whose interval is not known yet. */
const SILENT_AFTER_MS_UNKNOWN = 3_600_000;
/** What was under way when the will was published arrives within this time. */
const AFTER_WILL_MS = 60_000;

/** The age of its newest message from which on a device is silent. @param intervalMs 0: not known. */
export function silentAfterMs(intervalMs: number): number {
  if (intervalMs <= 0) return SILENT_AFTER_MS_UNKNOWN;
  return Math.max(SILENT_AFTER_MS_MIN, SILENT_INTERVALS * intervalMs);
}

/**
 * The state of a device: what it says itself, unless it was heard long after it had gone; else by the age of its newest
 * message. All in milliseconds, times since the epoch.
 */
export function stateOf({
  presence,
  heardMs,
  intervalMs,
  nowMs,
}: {
  presence: Presence | null;
  heardMs: number;
  intervalMs: number;
  nowMs: number;
}): Pick<Device, "state" | "sinceMs"> {
  if (presence?.isOnline === true) return { state: "online", sinceMs: presence.sinceMs };
  const wentMs = presence?.sinceMs ?? Number.POSITIVE_INFINITY;
  if (presence !== null && heardMs <= wentMs + AFTER_WILL_MS) {
    return { state: "offline", sinceMs: presence.sinceMs };
  }
  const isSilent = nowMs - heardMs > silentAfterMs(intervalMs);
  return isSilent ? { state: "silent", sinceMs: heardMs } : { state: "heard", sinceMs: null };
}
