import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { types } from "node:util";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { SOURCE_KINDS } from "./index.ts";
import { checkedKind } from "./own-kind.ts";
import type { SourceKind } from "./source.ts";

const FILES_MAX = 100;

const require = createRequire(import.meta.url);

/**
 * Loads the user's own kinds of sources: each `.ts` file of a folder that is no test is one, exported by
 * the name `source`.
 *
 * @throws Fault naming the file that cannot be loaded, is none, or takes a name that another one has.
 */
export function loadSourceKinds(folder: string): SourceKind[] {
  const owners = new Map(SOURCE_KINDS.map(({ name }) => [name, "Weir itself"]));
  return filesOf(folder).map((file) => {
    const kind = checkedKind(load(file), file);
    const owner = owners.get(kind.name);
    if (owner !== undefined) {
      throw new Fault(`the source file ${file} calls its kind ${kind.name}, as ${owner} does`, {
        remedy: "Give its source another name.",
        exitCode: EXIT_CODES.configuration,
      });
    }
    owners.set(kind.name, file);
    return kind;
  });
}

/** In an order that does not depend on the disk. */
function filesOf(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    throw new Fault(`the folder of sources ${folder} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Make the folder, or take sourceFolder out of agent.yaml.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
  const files = names.filter((name) => name.endsWith(".ts") && !/\.(test|d)\.ts$/.test(name));
  if (files.length > FILES_MAX) {
    throw new Fault(`the folder of sources ${folder} has more than ${FILES_MAX} files`, {
      remedy: "Give a folder that holds sources alone.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  return files.sort().map((name) => resolve(folder, name));
}

function load(file: string): unknown {
  try {
    const module: { source?: unknown } = require(file);
    return module.source;
  } catch (cause) {
    throw new Fault(
      `the source file ${file} cannot be loaded${lineOf(cause)}: ${errorMessage(cause)}`,
      { remedy: remedyOf(cause), exitCode: EXIT_CODES.configuration, cause },
    );
  }
}

/** Node tells the line of what is no TypeScript at the head of the stack, and nowhere else. */
function lineOf(cause: unknown): string {
  if (!types.isNativeError(cause) || cause.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(cause.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}

function remedyOf(cause: unknown): string {
  return /Cannot find (package|module)/.test(errorMessage(cause))
    ? "Put the folder inside Weir's own, where zod and @weir/device-agent are found."
    : "Mend the file, or take it out of the folder.";
}
