import {
  type NewRow,
  openSegmentedStore,
  type RangePage,
  type RangeQuery,
  readRange,
  type SegmentedStore,
  type StoredMessage,
  type StreamPlace,
} from "@weir/store";
import { readingAt, START_US } from "@weir/testkit";

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;

/** A row whose payload is its number, received so many seconds after the start. */
export function numbered(number: number, seconds = number, topic = "DATA"): NewRow {
  const row = readingAt(START_US + seconds * SECOND_US, number);
  return { ...row, topic, payload: Buffer.from(String(number)) };
}

/** Rows with the numbers `from..through`. */
export function numberedRows(from: number, through: number, topic = "DATA"): NewRow[] {
  return Array.from({ length: through - from + 1 }, (_, index) =>
    numbered(from + index, from + index, topic),
  );
}

export function openDevices(folder: string): SegmentedStore {
  return openSegmentedStore({ folder, stream: "devices", synchronous: "NORMAL", nowUs: START_US });
}

/** The numbers of messages, in their order. */
export function numbersOf(messages: readonly StoredMessage[]): number[] {
  return messages.map(({ payload }) => Number(payload.toString()));
}

export interface ReadResult {
  pages: RangePage[];
  messages: StoredMessage[];
  skipped: string[];
}

/** Reads to the end. */
export async function readAll(place: StreamPlace, query?: RangeQuery): Promise<ReadResult> {
  const pages = await Array.fromAsync(readRange(place, query));
  return {
    pages,
    messages: pages.flatMap(({ messages }) => messages),
    skipped: pages.flatMap(({ skipped }) =>
      skipped.map(({ kind, segment }) => `${kind} ${segment}`),
    ),
  };
}

/** The numbers of a whole reading. */
export async function readNumbers(place: StreamPlace, query?: RangeQuery): Promise<number[]> {
  return numbersOf((await readAll(place, query)).messages);
}
