import type { KeyValue, SchemaElement } from "hyparquet";

/** What an archive keeps of its segment besides the rows. Times in microseconds since the epoch. */
export interface ArchiveFacts {
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
const FORMAT = 1;

/** The key of the facts among the metadata of the file. */
const FACTS_KEY = "weir";

/** The facts as metadata of the file. @param checksum of what a reader takes from the footer. */
export function renderFacts(facts: ArchiveFacts, checksum: number): KeyValue[] {
  return [{ key: FACTS_KEY, value: JSON.stringify({ format: FORMAT, ...facts, checksum }) }];
}

/** The file is not an archive of a format that is known here, or it is damaged. */
export class UnreadableArchive extends Error {}

/** @throws UnreadableArchive */
export function parseFacts(metadata: readonly KeyValue[] | undefined) {
  const value = metadata?.find(({ key }) => key === FACTS_KEY)?.value;
  if (value === undefined) throw new UnreadableArchive("it is not an archive of Weir");
  const found: Partial<Record<keyof ArchiveFacts | "format" | "checksum", unknown>> =
    JSON.parse(value);
  const { format, stream, successor, createdUs, generation, nextId, sealedUs, checksum } = found;
  if (format !== FORMAT) {
    throw new UnreadableArchive(`it has format version ${format}; this Weir knows ${FORMAT}`);
  }
  const isWhole =
    typeof stream === "string" &&
    typeof successor === "string" &&
    typeof createdUs === "number" &&
    typeof generation === "number" &&
    typeof nextId === "number" &&
    typeof sealedUs === "number" &&
    typeof checksum === "number";
  if (!isWhole) throw new UnreadableArchive("facts are missing in its metadata");
  const facts: ArchiveFacts = { stream, successor, createdUs, generation, nextId, sealedUs };
  return { facts, checksum };
}
