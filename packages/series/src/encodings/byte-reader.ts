import { isUtf8 } from "node:buffer";

/**
 * Reads an encoding from its bytes, the most significant one first. After the first mistake it has failed, and
 * what it returns means nothing. It throws nothing: devices' own bytes, which are many, cost little to refuse.
 */
export class ByteReader {
  failed = false;
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  fail(): undefined {
    this.failed = true;
  }

  /** An unsigned integer of 1, 2, 4 or 8 bytes. Beyond 2^53 it is not exact. */
  unsigned(size: number): number {
    const at = this.#take(size);
    if (at === null) return 0;
    return size === 8 ? Number(this.#bytes.readBigUInt64BE(at)) : this.#bytes.readUIntBE(at, size);
  }

  /** A signed integer of 1, 2, 4 or 8 bytes. Beyond 2^53 it is not exact. */
  signed(size: number): number {
    const at = this.#take(size);
    if (at === null) return 0;
    return size === 8 ? Number(this.#bytes.readBigInt64BE(at)) : this.#bytes.readIntBE(at, size);
  }

  /** A float of 2, 4 or 8 bytes; `null` for NaN and infinities, as in JSON. */
  float(size: number): number | null {
    const at = this.#take(size);
    if (at === null) return null;
    const { buffer, byteOffset } = this.#bytes;
    const view = new DataView(buffer, byteOffset + at, size);
    let value: number;
    if (size === 2) value = view.getFloat16(0);
    else value = size === 4 ? view.getFloat32(0) : view.getFloat64(0);
    return Number.isFinite(value) ? value : null;
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    if (isUtf8(bytes)) return bytes.toString("utf8");
    this.fail();
    return "";
  }

  bytes(length: number): Buffer {
    const at = this.#take(length) ?? 0;
    return this.failed ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + length);
  }

  /** Where the next bytes begin; `null` where there are not so many. */
  #take(length: number): number | null {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      this.fail();
      return null;
    }
    this.#at += length;
    return at;
  }
}

/** Bytes are no measurement, and an object of bytes would look like many. */
export function withoutBytes(item: unknown): unknown {
  return item instanceof Uint8Array ? undefined : item;
}

/** Dates beyond this do not exist in JavaScript. */
const SECONDS_MAX = 8.64e12;

/** A time as text, so that it is not taken for a measurement; `undefined` for one that no calendar has. */
export function timeText(seconds: number, microseconds: number): string | undefined {
  if (!(Math.abs(seconds) < SECONDS_MAX)) return undefined;
  const whole = new Date(seconds * 1_000).toISOString().slice(0, -5);
  return `${whole}.${String(microseconds).padStart(6, "0")}Z`;
}
