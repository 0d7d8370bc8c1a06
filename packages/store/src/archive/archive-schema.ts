import type { KeyValue, SchemaElement } from "hyparquet";

/** What an archive keeps of its segment besides the rows. Times in microseconds since the epoch. */
export interface ArchiveFacts {
  /** `ARCHIVE_FORMAT` of who wrote it. */
  format: number;
  stream: string;
  createdUs: number;
  generation: number;
  /** The id behind the last one that was given out. */
  nextId: number;
  sealedUs: number;
  /** The name of the segment that continues this one, as its seal has it. */
  successor: string;
}

const TIMESTAMP = {
  type: "INT64",
  converted_type: "TIMESTAMP_MICROS",
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
} as const;

const TEXT = {
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  logical_type: { type: "STRING" },
} as const;

const REQUIRED = { repetition_type: "REQUIRED" } as const;
const OPTIONAL = { repetition_type: "OPTIONAL" } as const;

/** The columns, in their order. A payload stands in `text` where it is valid UTF-8, else in `payload`. */
export const COLUMNS = [
  { name: "id", type: "INT64", ...REQUIRED },
  { name: "received", ...TIMESTAMP, ...REQUIRED },
  { name: "topic", ...TEXT, ...REQUIRED },
  { name: "text", ...TEXT, ...OPTIONAL },
  { name: "payload", type: "BYTE_ARRAY", ...OPTIONAL },
  { name: "qos", type: "INT32", ...REQUIRED },
  { name: "retained", type: "BOOLEAN", ...REQUIRED },
  { name: "outcome", type: "INT32", ...REQUIRED },
  { name: "kind", ...TEXT, ...OPTIONAL },
  { name: "reason", ...TEXT, ...OPTIONAL },
  { name: "value", type: "DOUBLE", ...OPTIONAL },
  { name: "observed", ...TIMESTAMP, ...OPTIONAL },
] as const satisfies readonly SchemaElement[];

export type ColumnName = (typeof COLUMNS)[number]["name"];

/** The columns as Parquet lists them: behind their root. */
export const SCHEMA: SchemaElement[] = [
  { name: "root", num_children: COLUMNS.length, repetition_type: "REQUIRED" },
  ...COLUMNS,
];

/** The version of the format. A reader refuses one that it does not know. */
export const ARCHIVE_FORMAT = 1;

/** The key of the facts among the metadata of the file. */
const FACTS_KEY = "weir";

/** The facts as metadata of the file, for other programs. */
export function renderFacts(facts: ArchiveFacts): KeyValue[] {
  return [{ key: FACTS_KEY, value: JSON.stringify(facts) }];
}

/** The file is not an archive of a format that is known here, or it is damaged. */
export class UnreadableArchive extends Error {}

/** @throws UnreadableArchive when a newer Weir has written them. */
export function parseFacts(facts: ArchiveFacts): ArchiveFacts {
  if (facts.format === ARCHIVE_FORMAT) return facts;
  throw new UnreadableArchive(
    `it has format version ${facts.format}; this Weir knows ${ARCHIVE_FORMAT}`,
  );
}
