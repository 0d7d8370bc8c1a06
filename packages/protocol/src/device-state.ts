import { type DecodeTimes, type Observed, observedAt } from "./observed-time.ts";
import { outcomeOf } from "./outcomes.ts";
import { isObject, parseLenientJson, textOf } from "./outside-text.ts";
import { type Decoded, decodeDocument, parseNumber } from "./reading.ts";
import { isName, NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX } from "./topics.ts";

/** The payload that Weir's device agent sends on `devices/<id>/state`. Other devices need to send only `data`. */
export interface DeviceState {
  /** Values by attribute. */
  data: Record<string, number>;
  /** When they were observed, in epoch milliseconds. */
  time: number;
  /** How many samples a deadband has suppressed since each of these attributes was last reported. */
  suppressed?: Record<string, number>;
  /** The interval of the device's reports, in seconds. */
  interval?: number;
  /** Attributes that have not been measured for too long. */
  stale?: readonly string[];
}

/** The numbers of one state. */
interface StateReadings {
  /** Microseconds since the epoch; the time of reception where the state has none that can be used. */
  observedUs: number;
  readings: readonly { attribute: string; value: number }[];
}

/** Attributes of one state that are averaged at most. The others are only stored. */
const ATTRIBUTES_MAX = 100;

/**
 * Reads the numbers of a state: `{"data":{"drive-space-used":19.1},"time":…}` with any of the times
 * that a reading may have. Attributes that are no numbers, or whose names are not allowed, are skipped.
 *
 * @returns `null` for a payload that is not a state.
 */
export function decodeState(payload: Buffer, times: DecodeTimes): StateReadings | null {
  if (payload.length > PAYLOAD_BYTES_MAX) return null;
  const { json } = parseLenientJson(textOf(payload));
  if (!isState(json)) return null;
  const readings: { attribute: string; value: number }[] = [];
  for (const [attribute, given] of Object.entries(json.data)) {
    if (readings.length === ATTRIBUTES_MAX) break;
    const value = parseNumber(given);
    if (value === null || !(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) continue;
    if (isName(attribute)) readings.push({ attribute, value });
  }
  return { observedUs: stateTime(json, times).observedUs, readings };
}

const READING = outcomeOf("");

/** Decodes the JSON of a state for the store, with its time, by which statistics find it. */
export function decodeStateDocument(json: unknown, times: DecodeTimes): Decoded {
  const decoded = decodeDocument(json, times);
  if (decoded.value !== null || decoded.outcome.kind !== "message" || !isState(json))
    return decoded;
  const { outcome, observedUs } = stateTime(json, times);
  return { ...decoded, outcome: outcome === READING ? decoded.outcome : outcome, observedUs };
}

interface StateObject {
  data: object;
  time?: unknown;
}

function isState(json: unknown): json is StateObject {
  return isObject(json) && isObject(json.data);
}

/** A state without a time has that of its reception. */
function stateTime({ time }: StateObject, times: DecodeTimes): Observed {
  return time === undefined || time === null
    ? { outcome: READING, observedUs: times.receivedUs }
    : observedAt(time, times);
}
