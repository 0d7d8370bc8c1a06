import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { types } from "node:util";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import type { MessageFilter } from "./types.ts";

/** @throws Fault when the file cannot be loaded, or exports no function that answers at once. */
export async function loadFilter(named: { stream: string; file: string }): Promise<MessageFilter> {
  const { filter } = await importAnew(named);
  if (typeof filter !== "function") {
    throw new Fault(`${describe(named)} exports no function`, {
      remedy: 'Export one as its default: export default (message) => "keep".',
      exitCode: EXIT_CODES.configuration,
    });
  }
  if (types.isAsyncFunction(filter)) {
    throw new Fault(`${describe(named)} is an async function: it answers with promises`, {
      remedy: "Take the word async away, and do what has to be waited for elsewhere.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  // What it takes and answers cannot be seen from outside; each answer is looked at.
  return filter as MessageFilter;
}

/** Node keeps a module for ever under its URL; a file that has changed gets another one. */
async function importAnew(named: { stream: string; file: string }): Promise<{ filter: unknown }> {
  try {
    const url = pathToFileURL(named.file);
    const digest = createHash("sha256").update(readFileSync(named.file)).digest("base64url");
    url.searchParams.set("content", digest);
    const module: { default?: unknown; filter?: unknown } = await import(url.href);
    return { filter: module.default ?? module.filter };
  } catch (cause) {
    throw new Fault(`${describe(named)} cannot be loaded${lineOf(cause)}: ${errorMessage(cause)}`, {
      remedy: `Mend the file, or take filter out of the stream ${named.stream} in weir.yaml.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function describe({ stream, file }: { stream: string; file: string }): string {
  return `the code filter ${file} of the stream ${stream}`;
}

/** Node tells the line of what is no TypeScript at the head of the stack, and nowhere else. */
function lineOf(cause: unknown): string {
  if (!types.isNativeError(cause) || cause.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(cause.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}
