import { isUtf8 } from "node:buffer";
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { constants, zstdCompressSync } from "node:zlib";
import { type ColumnSource, ParquetWriter } from "hyparquet-writer";
import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import type { RawRow } from "../segment/rows-and-topics.ts";
import { layoutOf, renderSummary } from "./archive-layout.ts";
import { type ArchiveFacts, type ColumnName, renderFacts, SCHEMA } from "./archive-schema.ts";
import { RowBatch, RowDigest } from "./row-columns.ts";

/** What the numbers of outcomes mean, as the table `outcomes` of the segment says. */
export type OutcomeWords = ReadonlyMap<number, { kind: string; reason: string }>;

/** What a row group holds at most, in rows and in bytes of payloads and topics; the row that reaches it still belongs to it. */
const GROUP_ROWS = { min: 10_000, max: 65_536 };
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

/** About so many row groups at most: the footer lists each of them, and is in memory as a whole. */
const GROUPS = 2_000;

/** Each page ends with a checksum, so that a bit that changes on the disk is noticed. */
const ZSTD = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 9,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};

/**
 * Writes rows into one Parquet file, in row groups of bounded size: memory does not grow with the file. Disposed of
 * before `finish` it removes the file.
 */
export class ArchiveWriter implements Disposable {
  readonly #file: string;
  readonly #facts: ArchiveFacts;
  readonly #words: OutcomeWords;
  readonly #groupRows: number;
  readonly #bytes: FileBytes;
  readonly #writer: ParquetWriter;
  readonly #digest = new RowDigest();
  #batch = new RowBatch();
  #isFinished = false;

  /** @throws when the file cannot be made. */
  constructor(
    file: string,
    options: {
      facts: ArchiveFacts;
      words: OutcomeWords;
      /** How many rows to come, about: of very many, a row group holds more. */
      rows?: number;
    },
  ) {
    const { facts, words, rows = 0 } = options;
    this.#file = file;
    this.#groupRows = Math.min(GROUP_ROWS.max, Math.max(GROUP_ROWS.min, Math.ceil(rows / GROUPS)));
    this.#facts = facts;
    this.#words = words;
    this.#bytes = new FileBytes(file);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: SCHEMA,
      codec: "ZSTD",
      compressors: { ZSTD: (page) => zstdCompressSync(page, ZSTD) },
      statistics: false,
      kvMetadata: renderFacts(facts),
      createdBy: "Weir",
    });
  }

  /** Adds a row; ids rise. */
  add(row: RawRow): void {
    this.#batch.add(row);
    if (this.#batch.rows >= this.#groupRows || this.#batch.bytes >= GROUP_BYTES_MAX) this.#flush();
  }

  /** Writes what is left, and returns when all of it is on the disk. @returns what was written. */
  finish(): ReturnType<RowDigest["result"]> {
    if (this.#batch.rows > 0) this.#flush();
    this.#bytes.appendBytes(renderSummary(this.#facts, layoutOf(this.#writer.row_groups)));
    // It returns no promise: neither does the file.
    void this.#writer.finish();
    this.#bytes.sync();
    this.#isFinished = true;
    return this.#digest.result();
  }

  [Symbol.dispose](): void {
    this.#bytes[Symbol.dispose]();
    if (!this.#isFinished) rmSync(this.#file, { force: true });
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = new RowBatch();
    this.#digest.add(batch);
    const columnData = columnsOf(batch, this.#words);
    void this.#writer.write({ columnData, rowGroupSize: batch.rows, pageSize: 0 });
  }
}

function columnsOf(batch: RowBatch, words: OutcomeWords): ColumnSource[] {
  const isText = batch.payloads.map((payload) => isUtf8(payload));
  const data: Record<ColumnName, ColumnSource["data"]> = {
    id: BigInt64Array.from(batch.ids, BigInt),
    received: batch.receivedUs.map(BigInt),
    topic: batch.topics,
    text: batch.payloads.map((payload, row) => (isText[row] === true ? payload : null)),
    payload: batch.payloads.map((payload, row) => (isText[row] === true ? null : payload)),
    qos: batch.qos,
    retained: batch.retained,
    outcome: batch.outcomes,
    kind: batch.outcomes.map((code) => words.get(code)?.kind ?? null),
    reason: batch.outcomes.map((code) => words.get(code)?.reason ?? null),
    value: batch.values,
    observed: batch.observedUs.map((us) => (us === null ? null : BigInt(us))),
  };
  return OPTIONS.map((options) => ({ ...options, offsetIndex: false, data: data[options.name] }));
}

/** Statistics serve ranges of ids and of time. */
const OPTIONS: readonly (Omit<ColumnSource, "data" | "name"> & { name: ColumnName })[] = [
  { name: "id", encoding: "DELTA_BINARY_PACKED", statistics: true },
  { name: "received", encoding: "DELTA_BINARY_PACKED", statistics: true },
  { name: "topic" },
  { name: "text", encoding: "PLAIN" },
  { name: "payload", encoding: "PLAIN" },
  { name: "qos" },
  { name: "retained" },
  { name: "outcome" },
  { name: "kind" },
  { name: "reason" },
  { name: "value", encoding: "PLAIN" },
  { name: "observed", encoding: "DELTA_BINARY_PACKED" },
];

/** A file that is written by the row group. */
class FileBytes extends ByteWriter implements Disposable {
  readonly #descriptor: number;

  constructor(file: string) {
    super();
    this.#descriptor = openSync(file, "w");
  }

  flush(): void {
    const bytes = new Uint8Array(this.buffer, 0, this.index);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }

  sync(): void {
    fsyncSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
