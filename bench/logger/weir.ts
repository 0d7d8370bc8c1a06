import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToSignals } from "node:timers/promises";
import { newestFileOf, type StreamPlace } from "@weir/store";
import { eventually, freePort, openTestStore, rowOf } from "@weir/testkit";
import type { Database } from "better-sqlite3";
import Sqlite from "better-sqlite3";
import type { Bench } from "../comparison.ts";
import { startProgram } from "../process.ts";
import type { Subject } from "./subjects.ts";

export interface WeirOptions {
  name: string;
  /** services/logger/src/main.ts of this or another checkout. */
  program: string;
  /** Settings of the logger besides broker and file. */
  environment?: Readonly<Record<string, string>>;
  /** The streams of its weir.yaml, each with a folder of its name. Default only the stream `data`. */
  streams?: Readonly<Record<string, object>>;
  /** Whether it connects by TLS. Default false. */
  isEncrypted?: boolean;
  /** Options of Node itself, as for a profile. */
  nodeOptions?: readonly string[];
}

/** The file of the stream `data`, in the subject's folder. */
const DATA_FILE = "weir.db";
const CONFIGURATION_FILE = "weir.yaml";
const COMPILE_CACHE = join(import.meta.dirname, "../.cache/compile");

/** Weir's logger, as `npm start` runs it: each message stored before it is acknowledged. */
export function weir(options: WeirOptions): Subject {
  const {
    name,
    program,
    environment = {},
    streams,
    isEncrypted = false,
    nodeOptions = [],
  } = options;
  return {
    name,
    obstacle: () => (existsSync(program) ? null : `there is no ${program}`),
    start: async ({ port, encrypted, filter, folder }) => {
      const httpPort = await freePort();
      const configurationFile = join(folder, CONFIGURATION_FILE);
      if (streams !== undefined) {
        const off = { enabled: false };
        // JSON is YAML.
        const content = { streams: { data: off, devices: off, ...streams } };
        writeFileSync(configurationFile, JSON.stringify(content));
      }
      await using starting = new AsyncDisposableStack();
      const child = starting.use(
        await startProgram(
          [program],
          {
            NODE_COMPILE_CACHE: COMPILE_CACHE,
            ...(isEncrypted && encrypted !== null
              ? {
                  BROKER_URL: `mqtts://127.0.0.1:${encrypted.port}`,
                  BROKER_CA_FILE: encrypted.caFile,
                }
              : { BROKER_URL: `mqtt://127.0.0.1:${port}` }),
            // Configured streams have their own filters.
            ...(streams === undefined ? { TOPIC: filter } : { WEIR_FILE: configurationFile }),
            DB_FILE: join(folder, DATA_FILE),
            LOG_FORMAT: "json",
            LOG_LEVEL: "warn",
            LOGGER_SYNCHRONOUS: "FULL",
            LOGGER_HTTP_PORT: String(httpPort),
            ...environment,
          },
          { cwd: folder, nodeOptions },
        ),
      );
      await Promise.race([readyAt(httpPort), child.failed]);
      const places: Record<string, StreamPlace> =
        streams === undefined
          ? { data: { kind: "file", file: join(folder, DATA_FILE) } }
          : Object.fromEntries(
              Object.keys(streams).map((name) => [
                name,
                { kind: "folder", folder: join(folder, name) },
              ]),
            );
      const stored = starting.use(openStoredRows(places));
      const started = starting.move();
      return {
        pid: child.pid,
        failed: child.failed,
        counted: stored.count,
        [Symbol.asyncDispose]: () => started.disposeAsync(),
      };
    },
  };
}

// Ids count up from 1, and go on in the next segment.
const NEWEST_ID =
  "SELECT max(next_id - 1, (SELECT coalesce(max(id), 0) FROM rows)) AS id FROM segment";

/**
 * Follows how many rows Weir's logger has written to the files of streams, those that retention has removed
 * included.
 */
export function openStoredRows(places: Readonly<Record<string, StreamPlace>>) {
  const files = new Map<string, { file: string; database: Database }>();

  function newestId(stream: string, place: StreamPlace): number {
    const file = newestFileOf(place, stream);
    if (file === null) return 0;
    let open = files.get(stream);
    if (open?.file !== file) {
      open?.database.close();
      open = { file, database: new Sqlite(file, { readonly: true, timeout: 0 }) };
      files.set(stream, open);
    }
    return open.database.prepare<[], number>(NEWEST_ID).pluck().get() ?? 0;
  }

  return {
    count: () =>
      Object.entries(places).reduce((sum, [stream, place]) => sum + newestId(stream, place), 0),
    [Symbol.dispose]: () => {
      for (const { database } of files.values()) database.close();
    },
  };
}

const READY_WITHIN_MS = 20_000;

/** Waits until a service says at /readyz that it is connected and subscribed. */
export async function readyAt(httpPort: number): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    await response.body?.cancel();
    return response.ok;
  }, READY_WITHIN_MS);
}

const PREFILL_BATCH_ROWS = 20_000;
const EPOCH = "0123456789abcdef0123456789abcdef";

/** Makes a folder with a file of the stream `data`, with readings as if the logger had received them evenly. */
export async function folderWithRows(
  bench: Pick<Bench, "folder" | "say" | "signal">,
  { rows, fromMinutesAgo, minutes }: { rows: number; fromMinutesAgo: number; minutes: number },
): Promise<string> {
  const folder = bench.folder();
  const file = join(folder, DATA_FILE);
  const fromUs = (Date.now() - fromMinutesAgo * 60_000) * 1_000;
  const stepUs = (minutes * 6e7) / rows;
  using store = openTestStore(file, fromUs);
  for (let first = 0; first < rows; first += PREFILL_BATCH_ROWS) {
    const length = Math.min(PREFILL_BATCH_ROWS, rows - first);
    store.append(
      Array.from({ length }, (_, index) => {
        const receivedUs = Math.round(fromUs + (first + index) * stepUs);
        const seq = first + index + 1;
        const epochtime = Math.floor(receivedUs / 1e6);
        return rowOf(
          `{"number":${seq % 1_000},"epochtime":"${epochtime}","publisher":"prefill","epoch":"${EPOCH}","seq":${seq}}`,
          receivedUs,
        );
      }),
    );
    await yieldToSignals();
    bench.signal.throwIfAborted();
  }
  bench.say(`prepared: ${rows} rows, ${Math.round(statSync(file).size / 2 ** 20)} MiB`);
  return folder;
}
