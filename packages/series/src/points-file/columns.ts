import type { Encoding, SchemaElement } from "hyparquet";

/** The columns of a file of points, in their order. */
export const COLUMNS = ["topic", "path", "time", "micros", "unscaled", "scale", "value"] as const;

export type Column = (typeof COLUMNS)[number];

const text = {
  type: "BYTE_ARRAY",
  repetition_type: "REQUIRED",
  converted_type: "UTF8",
  logical_type: { type: "STRING" },
} as const;

/**
 * What the columns hold. The time is in milliseconds, because microseconds would cost twice the bytes, and `micros`
 * is the rest of the few that have one. A value is `value` where it is there, otherwise `unscaled / 10^scale`.
 */
export const ELEMENTS: Readonly<Record<Column, SchemaElement>> = {
  topic: { name: "topic", ...text },
  path: { name: "path", ...text },
  time: {
    name: "time",
    type: "INT64",
    repetition_type: "REQUIRED",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
  micros: { name: "micros", type: "INT32", repetition_type: "OPTIONAL" },
  unscaled: { name: "unscaled", type: "INT64", repetition_type: "OPTIONAL" },
  scale: { name: "scale", type: "INT32", repetition_type: "OPTIONAL" },
  value: { name: "value", type: "DOUBLE", repetition_type: "OPTIONAL" },
};

export const ENCODINGS: Readonly<Record<Column, Encoding>> = {
  topic: "RLE_DICTIONARY",
  path: "RLE_DICTIONARY",
  time: "DELTA_BINARY_PACKED",
  micros: "DELTA_BINARY_PACKED",
  unscaled: "DELTA_BINARY_PACKED",
  scale: "RLE_DICTIONARY",
  value: "PLAIN",
};

export const SCHEMA: SchemaElement[] = [
  { name: "points", num_children: COLUMNS.length },
  ...COLUMNS.map((column) => ELEMENTS[column]),
];
