import type { DecodedArray } from "hyparquet";
import { cursorAt, type StoredMessage } from "../reading/query.ts";
import type { ArchiveFile } from "./archive-file.ts";
import type { ColumnName } from "./archive-schema.ts";
import type { RowColumns } from "./row-columns.ts";

/** One row group of an archive. Columns are read when they are first asked for, and kept. */
export class ArchiveGroup implements RowColumns {
  readonly #file: ArchiveFile;
  readonly #group: number;
  readonly #columns = new Map<string, unknown>();

  constructor(file: ArchiveFile, group: number) {
    this.#file = file;
    this.#group = group;
  }

  get ids(): ArrayLike<number> {
    return this.#once("ids", () => Float64Array.from(this.#read("id") as BigInt64Array, Number));
  }

  get receivedUs(): ArrayLike<number> {
    return this.#as("received");
  }

  get topics(): ArrayLike<string> {
    return this.#as("topic");
  }

  get payloads(): ArrayLike<Uint8Array> {
    return this.#once("payloads", () => {
      const texts: ArrayLike<Uint8Array | null> = this.#as("text");
      const others: ArrayLike<Uint8Array | null> = this.#as("payload");
      return Array.from(texts, (text, row) => text ?? (others[row] as Uint8Array));
    });
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

/** The message in one row of a row group. @param segment the name of the segment, which ends in `.db`. */
export function archivedMessage(columns: RowColumns, row: number, segment: string): StoredMessage {
  const { buffer, byteOffset, length } = columns.payloads[row] as Uint8Array;
  return {
    cursor: cursorAt(segment, columns.ids[row] as number),
    receivedUs: columns.receivedUs[row] as number,
    topic: columns.topics[row] as string,
    payload: Buffer.from(buffer, byteOffset, length),
    qos: columns.qos[row] as number,
    retained: columns.retained[row] as boolean,
    outcome: columns.outcomes[row] as number,
    value: columns.values[row] ?? null,
    observedUs: columns.observedUs[row] ?? null,
  };
}
