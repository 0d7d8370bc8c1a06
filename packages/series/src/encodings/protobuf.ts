/** The bytes are no message of Protocol Buffers. */
export class MalformedProtobuf extends Error {}

/** A number of up to 64 bits, in two halves: a double would lose the low bits of a negative one. */
export interface Bits {
  /** Unsigned, as `high` is. */
  low: number;
  high: number;
}

const WEIGHT_OF_HIGH = 2 ** 32;

export const unsignedOf = ({ low, high }: Bits): number => high * WEIGHT_OF_HIGH + low;
export const signedOf = ({ low, high }: Bits): number => (high | 0) * WEIGHT_OF_HIGH + low;

const VARINT = 0;
const EIGHT_BYTES = 1;
const BYTES = 2;
const FOUR_BYTES = 5;

/**
 * Goes through the fields of one message. It builds only what it is asked for, so a payload takes no more memory than
 * its own bytes, whatever they claim.
 */
export class ProtobufFields {
  /** The number of the field that `next` has reached. */
  field = 0;
  readonly #bytes: Buffer;
  #at = 0;
  #wireType = 0;
  #value: Bits = { low: 0, high: 0 };
  #start = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Goes to the next field; false behind the last one.
   *
   * @throws MalformedProtobuf
   */
  next(): boolean {
    if (this.#at === this.#bytes.length) return false;
    const tag = unsignedOf(this.#varint());
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    switch (this.#wireType) {
      case VARINT:
        this.#value = this.#varint();
        break;
      case EIGHT_BYTES:
        this.#advance(8);
        break;
      case BYTES:
        this.#advance(unsignedOf(this.#varint()));
        break;
      case FOUR_BYTES:
        this.#advance(4);
        break;
      default:
        throw new MalformedProtobuf();
    }
    return true;
  }

  bits(): Bits {
    this.#expect(VARINT);
    return this.#value;
  }

  number(): number {
    return unsignedOf(this.bits());
  }

  boolean(): boolean {
    const { low, high } = this.bits();
    return low !== 0 || high !== 0;
  }

  double(): number {
    this.#expect(EIGHT_BYTES);
    return this.#bytes.readDoubleLE(this.#start);
  }

  float(): number {
    this.#expect(FOUR_BYTES);
    return this.#bytes.readFloatLE(this.#start);
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    this.#expect(BYTES);
    return this.#bytes.subarray(this.#start, this.#at);
  }

  text(): string {
    return this.bytes().toString("utf8");
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new MalformedProtobuf();
  }

  #advance(byteCount: number): void {
    this.#start = this.#at;
    this.#at += byteCount;
    if (this.#at > this.#bytes.length) throw new MalformedProtobuf();
  }

  /** Seven bits to a byte, the lowest first, ten bytes at most. */
  #varint(): Bits {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >> 4;
      } else high |= part << (shift - 32);
      if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 };
    }
    throw new MalformedProtobuf();
  }
}
