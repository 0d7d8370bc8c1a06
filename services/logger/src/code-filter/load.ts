import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import type { MessageFilter } from "./types.ts";

/** @throws Fault when the file cannot be loaded or exports no function. */
export async function loadFilter(named: { stream: string; file: string }): Promise<MessageFilter> {
  const { filter } = await importAnew(named);
  if (typeof filter === "function") return filter as MessageFilter;
  throw new Fault(`${describe(named)} exports no function`, {
    remedy: 'Export one as its default: export default (message) => "keep".',
    exitCode: EXIT_CODES.configuration,
  });
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
    throw new Fault(`${describe(named)} cannot be loaded: ${errorMessage(cause)}`, {
      remedy: `Mend the file, or take filter out of the stream ${named.stream} in weir.yaml.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function describe({ stream, file }: { stream: string; file: string }): string {
  return `the code filter ${file} of the stream ${stream}`;
}
