import { createHash } from "node:crypto";
import type { RawRow } from "../segment/rows-and-topics.ts";

/** Rows, column by column. Times in microseconds since the epoch. */
export interface RowColumns {
  ids: ArrayLike<number>;
  receivedUs: ArrayLike<number>;
  /** `null` where a reader did not ask for it. */
  topics: ArrayLike<string | null>;
  payloads: ArrayLike<Uint8Array>;
  qos: ArrayLike<number>;
  retained: ArrayLike<boolean>;
  outcomes: ArrayLike<number>;
  values: ArrayLike<number | null>;
  observedUs: ArrayLike<number | null>;
}

/** Rows on their way into one row group. */
export class RowBatch implements RowColumns {
  readonly ids: number[] = [];
  readonly receivedUs: number[] = [];
  readonly topics: string[] = [];
  readonly payloads: Buffer[] = [];
  readonly qos: number[] = [];
  readonly retained: boolean[] = [];
  readonly outcomes: number[] = [];
  readonly values: (number | null)[] = [];
  readonly observedUs: (number | null)[] = [];
  /** Of the payloads and, about, of the topics. */
  bytes = 0;

  get rows(): number {
    return this.ids.length;
  }

  add(row: RawRow): void {
    const [id, receivedUs, topic, payload, qos, retained, outcome, value, observedUs] = row;
    this.ids.push(id);
    this.receivedUs.push(receivedUs);
    this.topics.push(topic);
    this.payloads.push(payload);
    this.qos.push(qos);
    this.retained.push(retained === 1);
    this.outcomes.push(outcome);
    this.values.push(value);
    this.observedUs.push(observedUs);
    this.bytes += payload.length + topic.length;
  }
}

const NUMBERS_PER_ROW = 10;
const NONE = Number.NaN;

/** Tells whether two sequences of row groups hold the same, in every field. */
export class RowDigest {
  readonly #hash = createHash("sha256");
  #rows = 0;

  /** Adds the rows of one row group. */
  add(group: RowColumns): void {
    const { ids, topics, payloads } = group;
    const numbers = new Float64Array(ids.length * NUMBERS_PER_ROW);
    for (let row = 0, at = 0; row < ids.length; row += 1) {
      numbers[at++] = ids[row] as number;
      numbers[at++] = group.receivedUs[row] as number;
      numbers[at++] = (topics[row] as string).length;
      numbers[at++] = (payloads[row] as Uint8Array).length;
      numbers[at++] = group.qos[row] as number;
      numbers[at++] = group.retained[row] === true ? 1 : 0;
      numbers[at++] = group.outcomes[row] as number;
      numbers[at++] = group.values[row] ?? NONE;
      numbers[at++] = group.observedUs[row] ?? NONE;
    }
    this.#hash
      .update(numbers)
      .update(Array.from(topics).join("\0"))
      .update(Buffer.concat(Array.from(payloads)));
    this.#rows += ids.length;
  }

  /** Ends it. */
  result(): { rows: number; sha256: string } {
    return { rows: this.#rows, sha256: this.#hash.digest("hex") };
  }
}
