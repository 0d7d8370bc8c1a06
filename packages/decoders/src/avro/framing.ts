/** Where a payload names its schema: Avro's own single-object encoding, or Confluent's wire format. */
export type Framing = "single-object" | "confluent";

/** A payload taken apart. */
export interface Framed {
  /** Names the schema: a fingerprint in hexadecimal digits, or a number. */
  key: string;
  body: Buffer;
}

const SINGLE_OBJECT_MARK = 0xc301;
const SINGLE_OBJECT_BYTES = 10;
const CONFLUENT_MARK = 0;
const CONFLUENT_BYTES = 5;

/** @returns `null` when the payload has no such framing. */
export function unframe(payload: Buffer, framing: Framing): Framed | null {
  switch (framing) {
    case "single-object": {
      if (payload.length < SINGLE_OBJECT_BYTES) return null;
      if (payload.readUInt16BE(0) !== SINGLE_OBJECT_MARK) return null;
      const key = payload.toString("hex", 2, SINGLE_OBJECT_BYTES);
      return { key, body: payload.subarray(SINGLE_OBJECT_BYTES) };
    }
    case "confluent": {
      if (payload.length < CONFLUENT_BYTES || payload[0] !== CONFLUENT_MARK) return null;
      const key = String(payload.readUInt32BE(1));
      return { key, body: payload.subarray(CONFLUENT_BYTES) };
    }
  }
}
