import { decodeReading } from "@weir/messages";
import { type FileStore, type NewRow, openStore } from "@weir/store";

/** When test stores begin: 2026-01-01T00:00:00Z in microseconds. */
export const START_US = 1_767_225_600_000_000;

const SKEW_US = 60_000_000;

/** A store in a test's own folder. */
export function openTestStore(file: string, nowUs: number = START_US): FileStore {
  return openStore({
    file,
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "NORMAL",
    nowUs,
    skewUs: SKEW_US,
  });
}

/** A row as the logger makes it out of a payload. */
export function rowOf(payload: string, receivedUs: number = START_US): NewRow {
  const bytes = Buffer.from(payload);
  const { outcome, ...decoded } = decodeReading(bytes, { receivedUs, skewUs: SKEW_US });
  const row = { receivedUs, topic: "DATA", payload: bytes, qos: 1, retained: false };
  return { ...row, ...decoded, outcome: outcome.code, isFiltered: false };
}

/** A reading that was observed when it was received. */
export function readingAt(receivedUs: number, number = 1): NewRow {
  return rowOf(JSON.stringify({ number, epochtime: receivedUs / 1e6 }), receivedUs);
}
