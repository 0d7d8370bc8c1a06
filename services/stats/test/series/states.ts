import { outcomeOf } from "@weir/messages";
import { type NewRow, openSegmentedStore, type SegmentedStore } from "@weir/store";
import { rowOf, START_US } from "@weir/testkit";

export const SECOND_US = 1_000_000;
export const SKEW_US = 60 * SECOND_US;

export function openDevices(folder: string, nowUs: number = START_US): SegmentedStore {
  return openSegmentedStore({ folder, stream: "devices", synchronous: "NORMAL", nowUs });
}

/** A device's state as the logger stores it. */
export function stateRow(given: {
  receivedUs: number;
  /** Default `devices/kitchen/state`. */
  topic?: string;
  data: object;
  /** Default the time of reception. */
  time?: unknown;
  isRetained?: boolean;
}): NewRow {
  const { receivedUs, topic = "devices/kitchen/state", data, isRetained = false } = given;
  const time = "time" in given ? given.time : receivedUs / 1_000;
  const row = rowOf(JSON.stringify({ data, time }), receivedUs);
  const outcome = outcomeOf(isRetained ? "retained" : "JSON without a single reading").code;
  return { ...row, topic, retained: isRetained, outcome, value: null, observedUs: null };
}
