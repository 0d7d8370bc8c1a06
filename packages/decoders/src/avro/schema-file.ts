import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { textOf } from "@weir/messages";
import avro, { type Type } from "avsc";
import { fingerprintOf } from "./fingerprint.ts";
import type { Framing } from "./framing.ts";

const SCHEMA_BYTES_MAX = 1024 * 1024;
const SCHEMA_ID = /^\d{1,10}$/;

/** A schema, and what payloads name it with. */
export interface NamedSchema {
  key: string;
  type: Type;
}

/** @throws when the file cannot be read, is no schema, or has no name that its framing knows. */
export function readSchema(file: string, framing: Framing): NamedSchema {
  if (statSync(file).size > SCHEMA_BYTES_MAX) {
    throw new Error(`it is larger than ${SCHEMA_BYTES_MAX} bytes`);
  }
  const type = avro.Type.forSchema(JSON.parse(textOf(readFileSync(file))));
  if (framing === "single-object") {
    // What the library gives here is the canonical form of the specification.
    return { key: fingerprintOf(JSON.stringify(type.schema())), type };
  }
  const id = basename(file, ".avsc");
  if (!SCHEMA_ID.test(id)) throw new Error("its name is not <schema id>.avsc");
  return { key: String(Number(id)), type };
}
