import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { freePort } from "@weir/testkit";
import { startChild } from "../process/child.ts";
import { readyAt } from "./ready.ts";
import type { Subject } from "./subject.ts";

export interface WeirOptions {
  name: string;
  /** services/logger/src/main.ts of this or another checkout. */
  program: string;
  /** Settings of the logger besides broker and file. */
  environment?: Readonly<Record<string, string>>;
  /** Options of Node itself, as for a profile. */
  nodeOptions?: readonly string[];
  /** The SQLite files of its streams, in the subject's folder. */
  files?: readonly string[];
}

const FILE = "weir.db";

/** Weir's logger, as `npm start` runs it: each message stored before it is acknowledged. */
export function weir(options: WeirOptions): Subject {
  const { name, program, environment = {}, nodeOptions = [], files = [FILE] } = options;
  return {
    name,
    missing: () => (existsSync(program) ? null : `there is no ${program}`),
    start: async ({ port, filter, folder }) => {
      const httpPort = await freePort();
      const child = await startChild({
        command: process.execPath,
        args: [...nodeOptions, program],
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          BROKER_URL: `mqtt://127.0.0.1:${port}`,
          TOPIC: filter,
          DB_FILE: join(folder, FILE),
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
      const stored = files.map((file) => openStored(join(folder, file)));
      return {
        pid: child.pid,
        failed: child.failed,
        counted: () => stored.reduce((sum, { newestId }) => sum + newestId(), 0),
        [Symbol.asyncDispose]: async () => {
          for (const { database } of stored) database.close();
          await child[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Ids of rows count up from 1, also while retention removes some. */
function openStored(file: string): { database: DatabaseSync; newestId: () => number } {
  const database = new DatabaseSync(file, { readOnly: true });
  const select = database.prepare("SELECT coalesce(max(id), 0) AS id FROM rows");
  return { database, newestId: () => Number(select.get()?.id) };
}
