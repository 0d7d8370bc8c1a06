import { NUMBER_MAGNITUDE_MAX, outcomeOf, PAYLOAD_BYTES_MAX } from "@weir/messages";
import type { Decoder } from "./decoder.ts";
import { withoutReading } from "./without-reading.ts";

const READING = outcomeOf("");
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?\s*$/i;
const NUMBER_BYTES_MAX = 128;

/** A number as text, observed when it is received. */
export const decodeNumber: Decoder = ({ payload }, { receivedUs }) => {
  if (payload.length === 0) return withoutReading("empty payload");
  if (payload.length > PAYLOAD_BYTES_MAX) return withoutReading("payload too large");
  const text = payload.length > NUMBER_BYTES_MAX ? "" : payload.toString("latin1");
  if (!NUMBER.test(text)) return withoutReading("not a number");
  const value = Number(text);
  if (!(Math.abs(value) <= NUMBER_MAGNITUDE_MAX)) return withoutReading("number out of range");
  return { outcome: READING, value, observedUs: receivedUs, sequence: null };
};
