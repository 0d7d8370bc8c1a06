import { decodeCbor } from "../encodings/cbor.ts";
import { decodeMessagePack } from "../encodings/message-pack.ts";
import { readDocument } from "../reading/auto.ts";
import { type Message, recordOf } from "../reading/message.ts";
import type { Reading } from "../reading/reading.ts";
import type { Family } from "./family.ts";

/** Shorter payloads are too often a device's own bytes that look like CBOR or MessagePack. */
const BYTES_MIN = 4;
/** The tag that says "this is CBOR" and means nothing else. */
const SELF_DESCRIBED = Buffer.of(0xd9, 0xd9, 0xf7);

/** CBOR, on whichever topic: a map, or an array of numbers or maps, that fills the payload. */
export const cbor: Family = {
  name: "cbor",
  matches: () => true,
  read: (message, reading) => {
    const { payload } = message;
    if (!beginsCbor(payload)) return false;
    const document = documentOf(payload, decodeCbor);
    if (document === null) return false;
    const isBoth = beginsMessagePack(payload) && documentOf(payload, decodeMessagePack) !== null;
    return takeDocument(message, reading, document, isBoth);
  },
};

/** MessagePack, on whichever topic: a map, or an array of numbers or maps, that fills the payload. */
export const messagePack: Family = {
  name: "messagepack",
  matches: () => true,
  read: (message, reading) => {
    const { payload } = message;
    if (!beginsMessagePack(payload)) return false;
    const document = documentOf(payload, decodeMessagePack);
    return document !== null && takeDocument(message, reading, document, false);
  },
};

/** An array or a map. No text begins with these bytes: they continue characters. */
function beginsCbor(payload: Buffer): boolean {
  const first = payload[0] ?? 0;
  if (first === SELF_DESCRIBED[0]) return SELF_DESCRIBED.equals(payload.subarray(0, 3));
  return first >= 0x80 && first <= 0xbf;
}

/** A map or an array. With the last four, text may begin. */
function beginsMessagePack(payload: Buffer): boolean {
  const first = payload[0] ?? 0;
  return (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
}

function documentOf(payload: Buffer, decode: (payload: Buffer) => unknown): object | null {
  if (payload.length < BYTES_MIN) return null;
  const decoded = decode(payload);
  if (typeof decoded !== "object" || decoded === null) return null;
  const values: readonly unknown[] = Object.values(decoded);
  const parts = Array.isArray(decoded) ? values.length : 2 * values.length;
  // Where each part takes one byte, any bytes of a device would do.
  if (payload.length === 1 + parts) return null;
  if (!Array.isArray(decoded) || values.every((value) => typeof value === "number")) return decoded;
  return values.every((value) => recordOf(value) !== null) ? decoded : null;
}

/** @returns false for text and for what has a schema. */
function takeDocument(
  message: Message,
  reading: Reading,
  document: object,
  isBoth: boolean,
): boolean {
  if (message.text !== null || message.json !== undefined) return false;
  if (isBoth) reading.ignore("", "CBOR and MessagePack alike");
  else readDocument(message, reading, document);
  return true;
}
