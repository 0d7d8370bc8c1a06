import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { types } from "node:util";
import { promiseHooks } from "node:v8";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";

/** What a module exports is called by its name, which no other one has. */
interface Named {
  name: string;
}

/** What a module may be, as a check of its export finds it. */
export type Checked<T> = { kind: "sound"; loaded: T } | { kind: "unsound"; reason: string };

/** What is loaded from a folder. */
interface LoadOptions<T extends Named> {
  /** The name of the one export that counts: `command`, `source`. */
  exportName: string;
  /** Names that Weir's own have. */
  taken: readonly string[];
  /** Looks at what a file exports by that name. */
  check: (exported: unknown, file: string) => Checked<T>;
}

const MODULE = /^[^.].*\.(ts|mts|js|mjs)$/;
const NOT_A_MODULE = /\.(d\.m?ts|test\.m?[tj]s)$/;
const FILES_MAX = 100;

/**
 * Loads each TypeScript or JavaScript file of a folder, in the order of their names, and runs it with our rights.
 * Node strips the types. Folders, tests and what begins with a dot are passed over.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadModules<T extends Named>(folder: string, options: LoadOptions<T>): T[] {
  const owners = new Map(options.taken.map((name) => [name, "Weir's own"]));
  const loaded: T[] = [];
  const problems: string[] = [];
  for (const file of modulesOf(folder)) {
    const result = uniquely(load(file, options), owners);
    if (result.kind === "unsound") problems.push(`${file}: ${result.reason}`);
    else {
      owners.set(result.loaded.name, `that of ${file}`);
      loaded.push(result.loaded);
    }
  }
  if (problems.length === 0) return loaded;
  throw new Fault(problems.join("\n"), {
    remedy: "Mend each of them, or move it out of the folder.",
    exitCode: EXIT_CODES.configuration,
  });
}

function modulesOf(folder: string): string[] {
  const names = namesIn(folder).filter((name) => MODULE.test(name) && !NOT_A_MODULE.test(name));
  if (names.length <= FILES_MAX) return names.sort().map((name) => join(resolve(folder), name));
  throw new Fault(`${folder} has ${names.length} files to load, more than ${FILES_MAX}`, {
    remedy: "Give a folder that holds nothing else.",
    exitCode: EXIT_CODES.configuration,
  });
}

function namesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (cause) {
    throw new Fault(`the folder ${folder} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Make it, or take it out of the configuration.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function uniquely<T extends Named>(
  result: Checked<T>,
  owners: ReadonlyMap<string, string>,
): Checked<T> {
  const owner = result.kind === "sound" ? owners.get(result.loaded.name) : undefined;
  if (result.kind === "unsound" || owner === undefined) return result;
  return unsound(`the name ${result.loaded.name} is taken: it is ${owner}`);
}

function load<T extends Named>(file: string, { exportName, check }: LoadOptions<T>): Checked<T> {
  try {
    // What a file exports cannot be known before it is looked at.
    const module = createRequire(file)(file) as Record<string, unknown>;
    if (Object.hasOwn(module, exportName)) return check(module[exportName], file);
    return unsound(`it exports nothing by the name ${exportName}: export const ${exportName} = …`);
  } catch (error) {
    return unsound(`it cannot be loaded${lineOf(error)}: ${reasonOf(error)}`);
  }
}

function unsound(reason: string): { kind: "unsound"; reason: string } {
  return { kind: "unsound", reason };
}

function reasonOf(error: unknown): string {
  if (errorCode(error) === "ERR_REQUIRE_ASYNC_MODULE") {
    return "it has an await outside of its functions; wait where it is used";
  }
  // Node goes on to tell who asked for it, in several lines.
  const [first = ""] = thrownText(error).split("\n");
  const isMissing = /^Cannot find (package|module) '[^./]/.test(first);
  return isMissing ? `${first}; keep the folder below Weir's own, where its packages are` : first;
}

/** Node tells the line of what is no TypeScript at the head of the stack, and nowhere else. */
function lineOf(error: unknown): string {
  if (!types.isNativeError(error) || error.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(error.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}

/**
 * Does something at once that may have begun what nobody waits for: a schema that is asked at once forgets
 * the promises of its checks, and one that is rejected later would end the process.
 */
export function abandonPromises<T>(task: () => T): T {
  const begun: Promise<unknown>[] = [];
  const stop = promiseHooks.onInit((promise) => begun.push(promise));
  try {
    return task();
  } finally {
    stop();
    for (const promise of begun) promise.catch(() => {});
  }
}

const LENGTH_MAX = 500;

/**
 * What code of the user's own has thrown, in words, and no more of it than a message tells. Never throws,
 * although what was thrown may be anything: also nothing that can be made a text.
 */
export function thrownText(thrown: unknown): string {
  try {
    const text = String(thrown instanceof Error ? thrown.message : thrown);
    return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
  } catch {
    return "it threw something that cannot be shown";
  }
}
