import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE_ARGUMENTS, NODE_ENVIRONMENT } from "@weir/service";
import { freePort } from "@weir/testkit";
import { startChild } from "../process/child.ts";
import { readyAt } from "./ready.ts";
import { openStoredRows } from "./stored-rows.ts";
import type { Subject } from "./subject.ts";

export interface WeirOptions {
  name: string;
  /** services/logger/src/main.ts of this or another checkout. */
  program: string;
  /** Settings of the logger besides broker and file. */
  environment?: Readonly<Record<string, string>>;
  /** Its weir.yaml, and the streams in it, each with a folder of its name. Default the one stream `data`. */
  configuration?: { content: string; streams: readonly string[] };
  /** Options of Node itself, as for a profile. */
  nodeOptions?: readonly string[];
}

/** The file of the stream `data`, in the subject's folder. */
export const DATA_FILE = "weir.db";
const CONFIGURATION_FILE = "weir.yaml";
const COMPILE_CACHE = join(import.meta.dirname, "../../.cache/compile");

/** Weir's logger, as `npm start` runs it: each message stored before it is acknowledged. */
export function weir(options: WeirOptions): Subject {
  const { name, program, environment = {}, configuration, nodeOptions = [] } = options;
  return {
    name,
    obstacle: () => (existsSync(program) ? null : `there is no ${program}`),
    start: async ({ port, filter, folder }) => {
      const httpPort = await freePort();
      const configurationFile = join(folder, CONFIGURATION_FILE);
      if (configuration !== undefined) writeFileSync(configurationFile, configuration.content);
      const child = await startChild({
        command: process.execPath,
        args: [...NODE_ARGUMENTS, ...nodeOptions, program],
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          ...NODE_ENVIRONMENT,
          NODE_COMPILE_CACHE: COMPILE_CACHE,
          BROKER_URL: `mqtt://127.0.0.1:${port}`,
          // Where streams are configured, their filters say what is wanted.
          ...(configuration === undefined ? { TOPIC: filter } : { WEIR_FILE: configurationFile }),
          DB_FILE: join(folder, DATA_FILE),
          LOG_FORMAT: "json",
          LOG_LEVEL: "warn",
          LOGGER_SYNCHRONOUS: "FULL",
          LOGGER_HTTP_PORT: String(httpPort),
          ...environment,
        },
      });
      try {
        await Promise.race([readyAt(httpPort), child.failed]);
      } catch (error) {
        await child[Symbol.asyncDispose]();
        throw error;
      }
      const stored = openStoredRows(
        configuration?.streams.map((stream) => ({
          stream,
          place: { kind: "folder", folder: join(folder, stream) },
        })) ?? [{ stream: "data", place: { kind: "file", file: join(folder, DATA_FILE) } }],
      );
      return {
        pid: child.pid,
        failed: child.failed,
        counted: stored.count,
        [Symbol.asyncDispose]: async () => {
          stored[Symbol.dispose]();
          await child[Symbol.asyncDispose]();
        },
      };
    },
  };
}
