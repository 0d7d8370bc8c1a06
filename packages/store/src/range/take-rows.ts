import { cursorAt } from "./cursor.ts";
import type { StoredMessage } from "./message.ts";
import type { RawRow } from "./select-rows.ts";

/** When to stop taking rows, whatever there is. */
export interface TakeLimits {
  rowsMax: number;
  /** Of payloads; the row that reaches it is still taken. */
  bytesMax: number;
  /** On the monotonic clock. */
  deadlineMs: number;
}

export interface Taken {
  messages: StoredMessage[];
  /** The id of the last one when a limit ended it, `null` when the rows did. */
  cutAtId: number | null;
}

const ROWS_BETWEEN_LOOKS = 32;

/** Turns rows into messages. At least one is taken where there is one, so that reading gets on. */
export function takeRows(rows: Iterable<RawRow>, segment: string, limits: TakeLimits): Taken {
  const messages: StoredMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    messages.push(messageOf(row, segment));
    bytes += row[3].length;
    const isLate =
      messages.length % ROWS_BETWEEN_LOOKS === 0 && performance.now() > limits.deadlineMs;
    if (isLate || messages.length >= limits.rowsMax || bytes >= limits.bytesMax) {
      return { messages, cutAtId: row[0] };
    }
  }
  return { messages, cutAtId: null };
}

function messageOf(row: RawRow, segment: string): StoredMessage {
  const [id, receivedUs, topic, payload, qos, retained, outcome, value, observedUs] = row;
  return {
    cursor: cursorAt({ segment, id }),
    receivedUs,
    topic,
    payload,
    qos,
    retained: retained === 1,
    outcome,
    value,
    observedUs,
  };
}
