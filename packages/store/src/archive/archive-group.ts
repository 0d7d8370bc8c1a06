import type { DecodedArray } from "hyparquet";
import type { ArchiveFile } from "./archive-file.ts";
import type { ColumnName } from "./archive-schema.ts";
import { createTopicOf, type TopicOf } from "./archive-topics.ts";
import type { RowColumns } from "./row-columns.ts";

/** Of fewer rows than one in so many the payloads are picked out. */
const PICKED_FOR_ALL = 4;

/**
 * One row group of an archive. Columns are read when they are first asked for, and kept.
 *
 * @param topicOf reads a topic; `null` is one that does not matter.
 */
export class ArchiveGroup implements RowColumns {
  readonly #file: ArchiveFile;
  readonly #group: number;
  readonly #topicOf: TopicOf;
  readonly #columns = new Map<string, unknown>();

  constructor(file: ArchiveFile, group: number, topicOf: TopicOf = createTopicOf(() => true)) {
    this.#file = file;
    this.#group = group;
    this.#topicOf = topicOf;
  }

  get ids(): ArrayLike<number> {
    return this.#once("ids", () => numbersOf(this.#read("id")));
  }

  get receivedUs(): ArrayLike<number> {
    return this.#once("receivedUs", () => numbersOf(this.#read("received")));
  }

  get topics(): ArrayLike<string | null> {
    return this.#once("topics", () => {
      const column = this.#file.column(this.#group, "topic", this.#topicOf);
      return column as ArrayLike<string | null>;
    });
  }

  get payloads(): ArrayLike<Uint8Array> {
    return this.#once("payloads", () => {
      const texts: ArrayLike<Uint8Array | null> = this.#as("text");
      const others: ArrayLike<Uint8Array | null> = this.#as("payload");
      return Array.from(texts, (text, row) => text ?? (others[row] as Uint8Array));
    });
  }

  /** Payloads at these rising places. */
  payloadsAt(rows: readonly number[]): Uint8Array[] {
    if (rows.length === 0) return [];
    const isSparse = rows.length * PICKED_FOR_ALL < this.ids.length;
    if (isSparse) return this.#file.payloadsAt(this.#group, rows);
    const { payloads } = this;
    return rows.map((row) => payloads[row] as Uint8Array);
  }

  get qos(): ArrayLike<number> {
    return this.#as("qos");
  }

  get retained(): ArrayLike<boolean> {
    return this.#as("retained");
  }

  get outcomes(): ArrayLike<number> {
    return this.#as("outcome");
  }

  get values(): ArrayLike<number | null> {
    return this.#as("value");
  }

  get observedUs(): ArrayLike<number | null> {
    return this.#as("observed");
  }

  #read(name: ColumnName): DecodedArray {
    return this.#file.column(this.#group, name);
  }

  /** A column as the schema has it. */
  #as<Value>(name: ColumnName): ArrayLike<Value> {
    return this.#once(name, () => this.#read(name) as ArrayLike<Value>);
  }

  #once<Column>(name: string, make: () => Column): Column {
    const known = this.#columns.get(name);
    // A name always has the same kind of column.
    if (known !== undefined) return known as Column;
    const made = make();
    this.#columns.set(name, made);
    return made;
  }
}

const HIGH = 2 ** 32;

/** 64-bit numbers that a double holds exactly. Halves are faster than a BigInt for each. */
function numbersOf(column: DecodedArray): Float64Array {
  if (!(column instanceof BigInt64Array)) throw new TypeError("a column of 64-bit numbers is none");
  const halves = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  const numbers = new Float64Array(column.length);
  for (let at = 0; at < numbers.length; at += 1) {
    const low = halves[2 * at] as number;
    numbers[at] = (halves[2 * at + 1] as number) * HIGH + (low >>> 0);
  }
  return numbers;
}
