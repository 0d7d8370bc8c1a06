import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { createFieldsReader, type FieldsResult } from "./fields.ts";
import { createSchemaFolder } from "./folder.ts";
import type { Framing } from "./framing.ts";
import { readSchema } from "./schema-file.ts";

type ReadFields = (bytes: Buffer) => FieldsResult;

/** What reads the values of a folder's schemas, by what a payload names these with. */
export interface Schemas {
  /**
   * Looks into the folder again first, once a while.
   *
   * @returns `undefined` for a schema that is not there.
   */
  find(key: string, nowUs: number): ReadFields | undefined;
}

export interface SchemasOptions {
  /** Holds `*.avsc`; in Confluent's framing `<id>.avsc`. */
  folder: string;
  framing: Framing;
  /** Called when the folder cannot be read any more, or a file in it is no schema. */
  warn: (problem: string) => void;
}

/** Known at once, also of files that are gone. */
const SCHEMAS_MAX = 1_000;
const LOOK_INTERVAL_US = 1_000_000;

/**
 * Reads the schemas, and those that are new or have changed while messages come. A folder that
 * vanishes takes nothing away: what is known stays known.
 *
 * @throws Fault when the folder cannot be read at first.
 */
export function openSchemas({ folder, framing, warn }: SchemasOptions): Schemas {
  const known = new Map<string, ReadFields>();
  const files = createSchemaFolder(folder);
  let lookedAtUs = Number.NEGATIVE_INFINITY;
  let isReadable = true;

  function look(): void {
    for (const file of files.takeChanged(SCHEMAS_MAX)) {
      try {
        const { key, type } = readSchema(file, framing);
        if (known.size < SCHEMAS_MAX || known.has(key)) known.set(key, createFieldsReader(type));
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
      // Messages with known schemas go on; the others are stored, and say so.
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
    find: (key, nowUs) => {
      // The wall clock may be set back.
      if (Math.abs(nowUs - lookedAtUs) >= LOOK_INTERVAL_US) {
        lookedAtUs = nowUs;
        lookAgain();
      }
      return known.get(key);
    },
  };
}
