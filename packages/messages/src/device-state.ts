import { NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX } from "./limits.ts";
import { isName } from "./names.ts";
import { parseObservedTime } from "./observed-time.ts";
import type { DecodeTimes } from "./reading.ts";

/** What Weir's own device agent sends as `devices/<id>/state`. Of other devices only `data` is asked. */
export interface DeviceState {
  /** Values by attribute. */
  data: Record<string, number>;
  /** When they were observed, in epoch milliseconds. */
  time: number;
  /** How many samples a deadband has kept back since each of these attributes was last reported. */
  suppressed?: Record<string, number>;
  /** The interval of the device's reports, in seconds. */
  interval?: number;
  /** Attributes whose last values say nothing about now: they have not been measured for too long. */
  stale?: readonly string[];
}

/** The numbers of one state. */
export interface StateReadings {
  /** Microseconds since the epoch; the time of reception where the state has none that can be used. */
  observedUs: number;
  readings: readonly { attribute: string; value: number }[];
}

/** Attributes of one state that are averaged at most. The rest is stored, and goes no further. */
export const ATTRIBUTES_MAX = 100;

/**
 * Reads the numbers of a state: `{"data":{"drive-space-used":19.1},"time":…}` with any of the times
 * that a reading may have. Attributes that are no numbers, or whose names are not sound, are passed over.
 *
 * @returns `null` for what is no state.
 */
export function decodeState(payload: Buffer, times: DecodeTimes): StateReadings | null {
  const state = parseObject(payload);
  const data = state?.data;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return null;
  const readings: { attribute: string; value: number }[] = [];
  for (const [attribute, given] of Object.entries(data)) {
    if (readings.length === ATTRIBUTES_MAX) break;
    const value = numberOf(given);
    if (value !== null && isName(attribute)) readings.push({ attribute, value });
  }
  return { observedUs: observedTimeOf(state?.time, times), readings };
}

function parseObject(payload: Buffer): Record<string, unknown> | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  try {
    const json: unknown = JSON.parse(payload.toString("utf8"));
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : null;
  } catch {
    // Bad input is data: it is stored, and has no readings.
    return null;
  }
}

function numberOf(given: unknown): number | null {
  const isText =
    typeof given === "string" &&
    /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?\s*$/i.test(given.slice(0, 65));
  const value = isText ? Number(given) : given;
  return typeof value === "number" && Math.abs(value) <= NUMBER_MAGNITUDE_MAX ? value : null;
}

function observedTimeOf(time: unknown, { receivedUs, skewUs }: DecodeTimes): number {
  const observedUs = parseObservedTime(time);
  return observedUs === null || observedUs > receivedUs + skewUs ? receivedUs : observedUs;
}
