import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { textOf } from "@weir/protocol";
import { EXIT_CODES, errorMessage, Fault } from "@weir/runtime";
import type { Type } from "avsc";
import avro from "avsc";

/** How a payload names its schema: Avro's single-object encoding, or Confluent's wire format. */
export type Framing = "single-object" | "confluent";

export interface SchemasOptions {
  /** Holds `*.avsc`; in Confluent's framing `<id>.avsc`. */
  folder: string;
  framing: Framing;
  /** Called when the folder cannot be read any more, or a file in it is no schema. */
  warn: (problem: string) => void;
}

/** Schemas in use at most, including those of files that were removed. */
const SCHEMAS_MAX = 1_000;
const LOOK_INTERVAL_US = 1_000_000;

/**
 * Reads the schemas of a folder, also those that are new or have changed while messages come. When the
 * folder disappears, known schemas stay in use.
 *
 * @throws Fault when the folder cannot be read at first.
 */
export function openSchemas<Reader>(
  { folder, framing, warn }: SchemasOptions,
  createReader: (schema: Schema) => Reader,
) {
  const known = new Map<string, Reader>();
  const takeChanged = watchFolder(folder);
  let lookedAtUs = Number.NEGATIVE_INFINITY;
  let isReadable = true;

  function look(): void {
    for (const file of takeChanged(SCHEMAS_MAX)) {
      try {
        const schema = readSchema(file, framing);
        const { key } = schema;
        if (known.size < SCHEMAS_MAX || known.has(key)) known.set(key, createReader(schema));
        else warn(`${file} is not used: ${SCHEMAS_MAX} schemas are known already`);
      } catch (error) {
        warn(`${file} is no Avro schema, and not used: ${errorMessage(error)}`);
      }
    }
  }

  function lookAgain(): void {
    try {
      look();
      isReadable = true;
    } catch (error) {
      // Messages with known schemas are still decoded; the others are stored with a reason.
      if (isReadable) {
        warn(
          `the folder of Avro schemas ${folder} cannot be read any more: ${errorMessage(error)}. The schemas that were read stay in use; bring the folder back for new ones`,
        );
      }
      isReadable = false;
    }
  }

  try {
    look();
  } catch (cause) {
    throw new Fault(`the folder of Avro schemas ${folder} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Make it, with a file <name>.avsc for each schema, or name another one.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }

  return {
    /**
     * What reads the values of a schema, by the key of its payloads. Looks into the folder first,
     * at most once a second.
     *
     * @returns `undefined` for an unknown schema.
     */
    find: (key: string, nowUs: number): Reader | undefined => {
      // The wall clock may be set back.
      if (Math.abs(nowUs - lookedAtUs) >= LOOK_INTERVAL_US) {
        lookedAtUs = nowUs;
        lookAgain();
      }
      return known.get(key);
    },
  };
}

const SCHEMA_BYTES_MAX = 1024 * 1024;
const SCHEMA_ID = /^\d{1,10}$/;

interface Schema {
  /** What payloads name it with. */
  key: string;
  schema: avro.schema.AvroSchema;
  type: Type;
}

/**
 * Reads the schema of a file.
 *
 * @throws when the file cannot be read, is no schema, or has a name that is no key of its framing.
 */
function readSchema(file: string, framing: Framing): Schema {
  if (statSync(file).size > SCHEMA_BYTES_MAX) {
    throw new Error(`it is larger than ${SCHEMA_BYTES_MAX} bytes`);
  }
  const schema = JSON.parse(textOf(readFileSync(file))) as avro.schema.AvroSchema;
  const type = avro.Type.forSchema(schema);
  if (framing === "single-object") {
    // The library returns the canonical form of the specification.
    return { key: fingerprintOf(JSON.stringify(type.schema())), schema, type };
  }
  const id = basename(file, ".avsc");
  if (!SCHEMA_ID.test(id)) throw new Error("its name is not <schema id>.avsc");
  return { key: String(Number(id)), schema, type };
}

/**
 * Creates a function that returns the schema files of a folder that are new or have changed since its last
 * call, in the order of their names; it throws when the folder cannot be read.
 */
function watchFolder(folder: string): (filesMax: number) => string[] {
  let seen = new Map<string, string>();
  return (filesMax) => {
    const before = seen;
    const names = readdirSync(folder).filter((name) => name.endsWith(".avsc"));
    const files = names
      .toSorted()
      .slice(0, filesMax)
      .map((name) => join(folder, name));
    seen = new Map(files.map((file) => [file, versionOf(file)]));
    return files.filter((file) => before.get(file) !== seen.get(file));
  };
}

/** Differs when the file has changed. A file that has just been removed has a version, too. */
function versionOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "gone" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
}

const EMPTY = 0xc15d213aa4d7a795n;
const TABLE = Array.from({ length: 256 }, (_, index) => {
  let entry = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ (EMPTY & -(entry & 1n));
  return BigInt.asUintN(64, entry);
});

/**
 * The fingerprint at the beginning of a single object: CRC-64-AVRO of the schema's canonical form.
 *
 * @returns 16 hexadecimal digits, in the byte order of the wire (little endian).
 */
export function fingerprintOf(canonicalSchema: string): string {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(canonicalSchema)) {
    const entry = TABLE[Number((fingerprint ^ BigInt(byte)) & 0xffn)] as bigint;
    fingerprint = (fingerprint >> 8n) ^ entry;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(fingerprint);
  return bytes.toString("hex");
}
