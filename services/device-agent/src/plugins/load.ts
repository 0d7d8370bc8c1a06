import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { types } from "node:util";
import { promiseHooks } from "node:v8";
import { EXIT_CODES, errorCode, errorMessage, Fault } from "@weir/runtime";
import type { z } from "zod";

/** A plugin: the value that its file exports. */
interface Plugin<T> {
  file: string;
  exported: T;
}

interface LoadOptions {
  /** The name of the export: `command`, `source`. */
  exportName: string;
  /** The shape of the export. */
  shape: z.ZodType;
  /** Names of Weir's own commands or sources. A plugin needs another one. */
  taken: readonly string[];
}

const MODULE = /^[^.].*\.(ts|mts|js|mjs)$/;
const NOT_A_MODULE = /\.(d\.m?ts|test\.m?[tj]s)$/;
const FILES_MAX = 100;

/**
 * Loads the plugins of a folder: runs each TypeScript or JavaScript file, in the order of their names, with the
 * rights of this process. Skips folders, tests and names that begin with a dot.
 *
 * @throws Fault that names each file that cannot be used, and why.
 */
export function loadPlugins<T extends { name: string }>(
  folder: string,
  { exportName, shape, taken }: LoadOptions,
): Plugin<T>[] {
  const owners = new Map(taken.map((name) => [name, "Weir's own"]));
  const plugins: Plugin<T>[] = [];
  const problems: string[] = [];
  for (const file of modulesOf(folder)) {
    try {
      const exported = exportOf(file, exportName);
      const { error } = shape.safeParse(exported);
      if (error) throw new Error(`its ${exportName} is not valid: ${problemsOf(error)}`);
      // The export itself and not what the shape returns: its methods may refer to `this`.
      const plugin = { file, exported: exported as T };
      const { name } = plugin.exported;
      const owner = owners.get(name);
      if (owner !== undefined) throw new Error(`the name ${name} is taken: it is ${owner}`);
      owners.set(name, `that of ${file}`);
      plugins.push(plugin);
    } catch (error) {
      problems.push(`${file}: ${thrownText(error)}`);
    }
  }
  if (problems.length === 0) return plugins;
  throw new Fault(problems.join("\n"), {
    remedy: "Correct each of them, or move it out of the folder.",
    exitCode: EXIT_CODES.configuration,
  });
}

/** What is wrong with a plugin, in one line. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}

function modulesOf(folder: string): string[] {
  const names = namesIn(folder).filter((name) => MODULE.test(name) && !NOT_A_MODULE.test(name));
  if (names.length <= FILES_MAX) return names.sort().map((name) => join(resolve(folder), name));
  throw new Fault(`${folder} has ${names.length} files to load, more than ${FILES_MAX}`, {
    remedy: "Use a folder that contains nothing else.",
    exitCode: EXIT_CODES.configuration,
  });
}

function namesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch (cause) {
    throw new Fault(`the folder ${folder} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Create it, or remove it from the configuration.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function exportOf(file: string, name: string): unknown {
  let module: Record<string, unknown>;
  try {
    module = createRequire(file)(file) as Record<string, unknown>;
  } catch (cause) {
    throw new Error(`it cannot be loaded${lineOf(cause)}: ${reasonOf(cause)}`, { cause });
  }
  if (Object.hasOwn(module, name)) return module[name];
  throw new Error(`it has no export ${name}: export const ${name} = …`);
}

function reasonOf(error: unknown): string {
  if (errorCode(error) === "ERR_REQUIRE_ASYNC_MODULE") {
    return "it has an await outside of its functions; wait where it is used";
  }
  // The other lines of Node's message are the chain of imports.
  const [first = ""] = thrownText(error).split("\n");
  const isMissing = /^Cannot find (package|module) '[^./]/.test(first);
  return isMissing ? `${first}; keep the folder below Weir's own, where its packages are` : first;
}

/** Node names the line of a syntax error only at the head of the stack. */
function lineOf(error: unknown): string {
  if (!types.isNativeError(error) || error.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(error.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}

/**
 * Runs a synchronous task and handles the promises that it starts. zod's synchronous parsing drops the promises
 * of asynchronous checks; without a handler, one that rejects later would end the process.
 */
export function abandonPromises<T>(task: () => T): T {
  const started: Promise<unknown>[] = [];
  const stop = promiseHooks.onInit((promise) => started.push(promise));
  try {
    return task();
  } finally {
    stop();
    for (const promise of started) promise.catch(() => {});
  }
}

const LENGTH_MAX = 500;

/**
 * The message of something that a plugin has thrown, shortened. Never throws, although a plugin may throw
 * a value that has no text.
 */
export function thrownText(thrown: unknown): string {
  try {
    const text = String(thrown instanceof Error ? thrown.message : thrown);
    return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text;
  } catch {
    return "it threw something that cannot be shown";
  }
}
