import type { SchemaElement } from "hyparquet";
import { ParquetWriter } from "hyparquet-writer";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import type { Points } from "./points.ts";

/** What is in memory of a table, and is packed at once: that takes some 10 ms. */
const GROUP_ROWS = 16_384;

const SCHEMA: SchemaElement[] = [
  { name: "points", num_children: 3 },
  {
    name: "series",
    type: "BYTE_ARRAY",
    repetition_type: "REQUIRED",
    converted_type: "UTF8",
    logical_type: { type: "STRING" },
  },
  {
    name: "time",
    type: "INT64",
    repetition_type: "REQUIRED",
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
  { name: "value", type: "DOUBLE", repetition_type: "REQUIRED" },
];

/**
 * Writes points for other programs, as one Parquet table with the columns series, time and value: the bytes are to be
 * taken row group by row group, so that memory stays small.
 */
export class PointsTable {
  readonly #bytes = new TakenBytes();
  readonly #writer = new ParquetWriter({
    writer: this.#bytes,
    schema: SCHEMA,
    createdBy: "Weir",
  });
  readonly #series: string[] = [];
  readonly #us = new BigInt64Array(GROUP_ROWS);
  readonly #values = new Float64Array(GROUP_ROWS);

  /** Adds points. @returns what is to be written of the file, after what was returned before. */
  add(series: string, { us, values }: Points): Buffer[] {
    for (const [index, time] of us.entries()) {
      const row = this.#series.length;
      this.#us[row] = BigInt(time);
      this.#values[row] = values[index] as number;
      if (this.#series.push(series) === GROUP_ROWS) this.#endGroup();
    }
    return this.#bytes.take();
  }

  /** Ends the file. @returns the rest of it. */
  finish(): Buffer[] {
    this.#endGroup();
    // It returns no promise: neither does `TakenBytes`.
    void this.#writer.finish();
    return this.#bytes.take();
  }

  #endGroup(): void {
    const rows = this.#series.length;
    if (rows === 0) return;
    void this.#writer.write({
      columnData: [
        { name: "series", data: this.#series },
        { name: "time", data: this.#us.slice(0, rows), encoding: "DELTA_BINARY_PACKED" },
        { name: "value", data: this.#values.slice(0, rows), encoding: "PLAIN" },
      ],
      rowGroupSize: rows,
    });
    this.#series.length = 0;
  }
}

/** Bytes that are taken by the row group. */
class TakenBytes extends ByteWriter {
  #taken: Buffer[] = [];

  take(): Buffer[] {
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }

  flush(): void {
    // The writer goes on in its own buffer.
    if (this.index > 0) this.#taken.push(Buffer.from(this.buffer.slice(0, this.index)));
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}
