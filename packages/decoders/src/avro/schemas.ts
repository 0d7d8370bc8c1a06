import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import avro, { type Type } from "avsc";
import { fingerprintOf } from "./fingerprint.ts";
import type { Framing } from "./framing.ts";

/** The schemas of a folder, by what a payload names them with. */
export interface Schemas {
  /** @returns `undefined` for one that is not in the folder, also after another look. */
  find(key: string): Type | undefined;
}

export interface SchemasOptions {
  /** Holds `*.avsc`; in Confluent's framing `<id>.avsc`. */
  folder: string;
  framing: Framing;
  /** Called when the folder cannot be read any more, or a file in it is no schema. */
  warn: (problem: string) => void;
}

const SCHEMAS_MAX = 1_000;
const SCHEMA_BYTES_MAX = 1024 * 1024;
/** Payloads may name schemas without end that are not there. */
const LOOK_INTERVAL_MS = 5_000;

/**
 * Reads the schemas, and looks again when a payload names one that is not known. A folder that vanishes
 * takes nothing away: what is known stays known.
 *
 * @throws Fault when the folder cannot be read at first.
 */
export function openSchemas({ folder, framing, warn }: SchemasOptions): Schemas {
  const known = new Map<string, Type>();
  const told = new Set<string>();

  function tell(problem: string): void {
    if (told.has(problem)) return;
    told.add(problem);
    warn(problem);
  }

  function look(): void {
    const names = readdirSync(folder).filter((name) => name.endsWith(".avsc"));
    if (names.length > SCHEMAS_MAX) tell(`${folder} holds more than ${SCHEMAS_MAX} schemas`);
    for (const name of names.slice(0, SCHEMAS_MAX)) {
      try {
        const [key, type] = readSchema(join(folder, name), framing);
        known.set(key, type);
      } catch (error) {
        tell(`${join(folder, name)} is no Avro schema: ${errorMessage(error)}`);
      }
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
  let lookedAtMs = performance.now();

  return {
    find: (key) => {
      const found = known.get(key);
      if (found !== undefined || performance.now() - lookedAtMs < LOOK_INTERVAL_MS) return found;
      lookedAtMs = performance.now();
      try {
        look();
      } catch (error) {
        // Messages with known schemas go on; the others are stored, and say so.
        tell(`the folder of Avro schemas cannot be read any more: ${errorMessage(error)}`);
      }
      return known.get(key);
    },
  };
}

function readSchema(file: string, framing: Framing): [key: string, type: Type] {
  if (statSync(file).size > SCHEMA_BYTES_MAX)
    throw new Error(`more than ${SCHEMA_BYTES_MAX} bytes`);
  const type = avro.Type.forSchema(JSON.parse(readFileSync(file, "utf8")));
  if (framing === "single-object") return [fingerprintOf(JSON.stringify(type.schema())), type];
  const id = basename(file, ".avsc");
  if (!/^\d{1,10}$/.test(id)) throw new Error("its name is not <schema id>.avsc");
  return [String(Number(id)), type];
}
