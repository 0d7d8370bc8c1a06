import {
  NUMBER_MAGNITUDE_MAX,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  textOf,
  withoutReading,
} from "@weir/messages";
import type { Decoder } from "./decoder.ts";

const READING = outcomeOf("");
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?\s*$/i;
const NUMBER_LENGTH_MAX = 128;

/** A number as text, observed when it is received. */
export const decodeNumber: Decoder = ({ payload }, { receivedUs }) => {
  if (payload.length === 0) return withoutReading("empty message");
  if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
  const text = textOf(payload);
  if (text.length > NUMBER_LENGTH_MAX || !NUMBER.test(text)) return withoutReading("not a number");
  const value = Number(text);
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");
  return { outcome: READING, value, observedUs: receivedUs, sequence: null };
};
