import { addAbortListener } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type BackupOptions,
  type BackupReport,
  type BackupState,
  backUp,
  readBackupState,
  snapshotBegunMs,
  snapshotNames,
  writeBackupState,
} from "@weir/backup";
import {
  type Clock,
  createLogger,
  type Environment,
  EXIT_CODES,
  errorMessage,
  Fault,
  type Logger,
  print,
  processSettings,
  readSettings,
  toolEnvironment,
} from "@weir/runtime";
import type { Command } from "commander";
import {
  action,
  durationText,
  examples,
  exitCodeOf,
  grouped,
  readDuration,
  readNumber,
  type Surroundings,
} from "./command-line.ts";
import { readPlaces } from "./read-places.ts";

const KEEP_MAX = 10_000;
const EVERY = { min: "1m", max: "365d" };
/** After a failure it is tried again, sooner than it would be due. */
const RETRY_MS_MAX = 900_000;
/** The clock of the machine may be set meanwhile. */
const WAIT_MS_MAX = 60_000;

export function define(command: Command, surroundings: Surroundings): void {
  command
    .argument("<folder>", "the folder of the backups; it is made where it is missing")
    .option("--keep <number>", "keep so many snapshots, and remove older ones (default: all)")
    .option("--verify", "then read the snapshot back, and check every file and database")
    .option("--every <duration>", "stay, and do it again so often: 1d");
  examples(
    command,
    [
      "backup backups",
      "backup /mnt/usb/weir --keep 14 --verify",
      "backup /backups --every 1d --keep 14",
    ],
    `The suite may run meanwhile. A snapshot has rows, history, outboxes, workflows, users and the folder config, but
not secrets/, .env and what the broker keeps. Files that are in an older snapshot are not copied again. Copy the folder
elsewhere with any program: its files never change. weir restore puts a snapshot back.
docs/how-to/back-up-and-restore.md says more.`,
  );
  action(command, async (given, folder = "") => {
    const { clock, environment } = surroundings;
    const signal = surroundings.stopSignal();
    const settings = toolEnvironment(environment);
    const everyMs = readDuration(given, "every", EVERY);
    const keep = readNumber(given, "keep", { min: 1, max: KEEP_MAX, isWhole: true });
    const places = readPlaces(settings);
    const verify = given.has("verify");
    const options = { folder, places, weir: VERSION, keep, verify, clock, signal };
    if (everyMs !== null) return await repeat(options, everyMs, loggerOf(settings));
    try {
      const startMs = clock.monotonic();
      const report = await attempt(options, null);
      const text = `${wordsOf(report)}, in ${((clock.monotonic() - startMs) / 1_000).toFixed(1)} s\n`;
      print(text, { to: surroundings.out });
      return EXIT_CODES.ok;
    } catch (error) {
      if (signal.aborted) return exitCodeOf(signal);
      throw error;
    }
  });
}

/** The version of Weir. */
const VERSION =
  // It is part of this package.
  (
    JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
      version: string;
    }
  ).version;

/** Takes one snapshot, and writes down how that has ended, for whoever looks after the suite. */
async function attempt(options: BackupOptions, everyMs: number | null): Promise<BackupReport> {
  const { folder, places, clock, signal } = options;
  const note = (outcome: Pick<BackupState, "snapshot" | "endedMs" | "problem">) =>
    writeBackupState(places.storeFile, {
      folder: resolve(folder),
      everyMs,
      triedMs: clock.now(),
      ...outcome,
    });
  try {
    const report = await backUp(options);
    note({ snapshot: report.snapshot, endedMs: clock.now(), problem: null });
    return report;
  } catch (error) {
    if (signal.aborted) throw error;
    const { snapshot = null, endedMs = null } = readBackupState(places.storeFile) ?? {};
    try {
      note({ snapshot, endedMs, problem: errorMessage(error) });
    } catch {
      // What has failed is more important.
    }
    throw error;
  }
}

function loggerOf(settings: Environment): Logger {
  const { LOG_LEVEL: logLevel, LOG_FORMAT: logFormat } = readSettings(processSettings, settings);
  return createLogger("backup", { logLevel, logFormat });
}

/** Takes snapshots until it is stopped. @returns 1 where the last attempt has failed. */
async function repeat(options: BackupOptions, everyMs: number, logger: Logger): Promise<number> {
  const { folder, clock, signal } = options;
  let hasFailed = false;
  const newest = snapshotNames(folder).at(-1);
  let dueMs = newest === undefined ? clock.now() : snapshotBegunMs(newest) + everyMs;
  if (dueMs > clock.now() && dueMs <= clock.now() + everyMs) {
    logger.info({ due: new Date(dueMs).toISOString() }, "the newest snapshot is young enough");
  }
  while (await isDue({ dueMs, everyMs, clock, signal })) {
    const begunMs = clock.now();
    try {
      const report = await attempt(options, everyMs);
      hasFailed = false;
      dueMs = begunMs + everyMs;
      logger.info(report, wordsOf(report));
    } catch (error) {
      if (signal.aborted) break;
      hasFailed = true;
      const retryMs = Math.min(everyMs, RETRY_MS_MAX);
      dueMs = clock.now() + retryMs;
      const remedy = error instanceof Fault ? error.remedy : "It is tried again.";
      const next = `in ${durationText(retryMs)}`;
      logger.error({ reason: errorMessage(error), remedy, next }, "the backup has failed");
    }
  }
  return hasFailed ? EXIT_CODES.fault : EXIT_CODES.ok;
}

/** Waits for a time, but not for one that only a clock that was wrong has set. @returns false when it is to end first. */
async function isDue(options: {
  dueMs: number;
  everyMs: number;
  clock: Clock;
  signal: AbortSignal;
}): Promise<boolean> {
  const { dueMs, everyMs, clock, signal } = options;
  while (!signal.aborted && clock.now() < dueMs && dueMs <= clock.now() + everyMs) {
    const waited = Promise.withResolvers<void>();
    using _timer = clock.schedule(Math.min(dueMs - clock.now(), WAIT_MS_MAX), waited.resolve);
    using _listener = addAbortListener(signal, () => waited.resolve());
    await waited.promise;
  }
  return !signal.aborted;
}

function wordsOf({ snapshot, files, bytes, added, removed }: BackupReport): string {
  const old = removed.snapshots === 0 ? "" : `, ${removed.snapshots} old snapshot(s) removed`;
  return `snapshot ${snapshot}: ${grouped(files)} files, ${grouped(bytes)} bytes, of which ${grouped(added.bytes)} are new${old}`;
}
