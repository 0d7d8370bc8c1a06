import { decodeReading } from "@weir/messages";
import { type NewRow, openStore, type Store, type StoreOptions } from "@weir/store";

/** 2026-01-01T00:00:00Z in microseconds. */
export const START_US = 1_767_225_600_000_000;

export function storeOptions(file: string): StoreOptions {
  return {
    file,
    stream: "data",
    legacyTopic: "DATA",
    synchronous: "NORMAL",
    nowUs: START_US,
    skewUs: 60_000_000,
  };
}

export function openTestStore(file: string): Store {
  return openStore(storeOptions(file));
}

/** A row as the logger makes it out of a payload. */
export function rowOf(payload: string, receivedUs: number = START_US): NewRow {
  const bytes = Buffer.from(payload);
  const { outcome, value, observedUs } = decodeReading(bytes, { receivedUs, skewUs: 60_000_000 });
  return {
    receivedUs,
    topic: "DATA",
    payload: bytes,
    qos: 1,
    retained: false,
    outcome: outcome.code,
    value,
    observedUs,
  };
}

/** A reading received and observed at the same time. */
export function readingAt(receivedUs: number, number = 1): NewRow {
  return rowOf(JSON.stringify({ number, epochtime: receivedUs / 1e6 }), receivedUs);
}
