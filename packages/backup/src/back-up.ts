import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Clock, EXIT_CODES, errorCode, errorMessage, Fault, lockFile } from "@weir/runtime";
import { namedFiles } from "@weir/series";
import { deletionsFileOf, readDeletions } from "@weir/store";
import { checkSnapshot } from "./check.ts";
import { Copier, HasChanged } from "./copier.ts";
import { ObjectFolder } from "./objects.ts";
import { removeOld } from "./remove-old.ts";
import {
  bytesOf,
  readSnapshot,
  type Snapshot,
  type SnapshotFile,
  snapshotName,
  snapshotNames,
  writeSnapshot,
} from "./snapshot.ts";
import {
  configFiles,
  filesBesideStore,
  indexOf,
  isIn,
  partsOf,
  pointsFile,
  type RowsPlace,
  rowsFiles,
  rowsPlaces,
  type SuiteFile,
  type SuitePlaces,
  senderFiles,
  serviceFiles,
} from "./suite-places.ts";

/** What is backed up, and where to. */
export interface BackupOptions {
  /** The folder of the backups. */
  folder: string;
  places: SuitePlaces;
  /** The version of Weir. */
  weir: string;
  /** How many snapshots stay; `null` for all. */
  keep: number | null;
  /** Whether it is read back, and found whole, before older ones are removed. */
  verify?: boolean;
  clock: Clock;
  signal: AbortSignal;
}

/** What a backup has done. */
export interface BackupReport {
  /** The name of the snapshot. */
  snapshot: string;
  files: number;
  bytes: number;
  /** What was not in the folder before. */
  added: { files: number; bytes: number };
  removed: { snapshots: number; files: number; bytes: number };
}

/** How often a part is taken once more whose files were archived, merged or removed meanwhile. */
const ATTEMPTS_MAX = 10;

/**
 * Takes a snapshot of a suite, which may run meanwhile. What is taken first is what others wait for: a message that has left
 * an outbox is in the rows, and no position is ahead of its rows. The rows of each stream are those of one moment.
 *
 * @throws Fault when a file cannot be read, or the folder cannot be written; the snapshots before it are unchanged.
 */
export async function backUp(options: BackupOptions): Promise<BackupReport> {
  const { folder, places, weir, keep, verify = false, clock, signal } = options;
  checkPlace(folder, places);
  if (!existsSync(dirname(places.storeFile))) throw nothingStored(places);
  using _lock = lockFile(join(dirname(places.storeFile), "backup"), {
    message: "another backup of this suite is under way",
    remedy: "Wait until it has ended.",
  });
  // It would take what this one is writing for what a kill has left.
  using _folderLock = lockFile(join(folder, "backup"), {
    message: `another backup into ${folder} is under way`,
    remedy: "Wait until it has ended, and give each suite a folder of its own.",
  });
  const begunMs = clock.now();
  const snapshot = snapshotName(begunMs);
  refuseOlder(folder, snapshot);
  const objects = new ObjectFolder(folder);
  try {
    objects.open();
    const copier = new Copier(objects, newestOf(folder), signal);
    const files = await takeAll(places, copier, objects);
    signal.throwIfAborted();
    objects.sync();
    const parts = [...partsOf(places)].map(([name, { root }]) => [name, root] as const);
    writeSnapshot(folder, snapshot, {
      weir,
      begun: new Date(begunMs).toISOString(),
      ended: new Date(clock.now()).toISOString(),
      parts: Object.fromEntries(parts),
      files,
    });
    if (verify) await checkSnapshot(folder, snapshot, signal, (hash) => objects.setAside(hash));
    const removed = keep === null ? { snapshots: 0, files: 0, bytes: 0 } : removeOld(folder, keep);
    return { snapshot, files: files.length, bytes: bytesOf(files), added: objects.added, removed };
  } catch (error) {
    throw orFolderFault(error, folder);
  }
}

/** In the order in which they are to be taken. */
async function takeAll(
  places: SuitePlaces,
  copier: Copier,
  objects: ObjectFolder,
): Promise<SnapshotFile[]> {
  const senders = await untilUnchanged(() => takeThose(copier, senderFiles(places)));
  const services = await untilUnchanged(() => takeThose(copier, serviceFiles(places)));
  const history = await untilUnchanged(() => takeHistory(places, copier, objects));
  const rows = await untilUnchanged(() => takeRows(places, copier));
  const config = await untilUnchanged(() => takeThose(copier, configFiles(places)));
  return [...senders, ...services, ...history, ...rows, ...config];
}

async function takeThose(copier: Copier, files: readonly SuiteFile[]): Promise<SnapshotFile[]> {
  const taken: SnapshotFile[] = [];
  for (const file of files) {
    const one = await copier.takeIfThere(file);
    if (one !== null) taken.push(one);
  }
  return taken;
}

/** The index, and exactly the files of points that it names. */
async function takeHistory(
  places: SuitePlaces,
  copier: Copier,
  objects: ObjectFolder,
): Promise<SnapshotFile[]> {
  const index = await copier.takeIfThere(indexOf(places));
  if (index === null) return [];
  const points: SnapshotFile[] = [];
  for (const path of namedFiles(objects.fileOf(index.hash))) {
    points.push(await copier.take(pointsFile(places, path)));
  }
  return [index, ...points];
}

/** The rows of all streams, with the list of what is hidden of them. */
async function takeRows(places: SuitePlaces, copier: Copier): Promise<SnapshotFile[]> {
  const before = deletionsOf(places);
  const beside = await takeThose(copier, filesBesideStore(places));
  const rows: SnapshotFile[] = [];
  for (const place of rowsPlaces(places)) {
    rows.push(...(await untilUnchanged(() => takeStream(place, copier))));
  }
  // Settings of another suite must not make an empty snapshot, and remove good ones for it.
  if (rows.length === 0) throw nothingStored(places);
  // The rows that the list knows nothing of would stay hidden for ever.
  if (!isDeepStrictEqual(before, deletionsOf(places))) throw new HasChanged("a deletion was begun");
  return [...beside, ...rows];
}

async function takeStream(place: RowsPlace, copier: Copier): Promise<SnapshotFile[]> {
  if (place.place.kind === "file") return await takeThose(copier, rowsFiles(place));
  const taken: SnapshotFile[] = [];
  for (const file of rowsFiles(place)) taken.push(await copier.take(file));
  return taken;
}

function nothingStored({ storeFile }: SuitePlaces): Fault {
  return new Fault(`there is nothing to back up: ${resolve(storeFile)} does not exist`, {
    remedy: "Start the suite first. Or run this with the settings that it runs with (DB_FILE).",
    exitCode: EXIT_CODES.unavailable,
  });
}

function deletionsOf({ storeFile }: SuitePlaces): object[] {
  return readDeletions(deletionsFileOf(storeFile)).map(({ id, state }) => ({ id, state }));
}

/** What was taken and has not changed since is not read again. */
async function untilUnchanged<T>(take: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof HasChanged)) throw error;
      if (attempt < ATTEMPTS_MAX) continue;
      throw new Fault(`the store changes faster than it can be copied: ${error.message}`, {
        remedy:
          "Try again later: a deletion or a retention is removing much. Or use a faster disk.",
        exitCode: EXIT_CODES.tryLater,
        cause: error,
      });
    }
  }
}

/** By its name the newest is found, and the oldest removed: one of a clock that was wrong would hide all that follow. */
function refuseOlder(folder: string, snapshot: string): void {
  const newest = snapshotNames(folder).at(-1);
  if (newest === undefined || newest < snapshot) return;
  throw new Fault(`it is ${snapshot} here, and ${folder} has a snapshot of ${newest}`, {
    remedy: `Set the clock. If it was wrong at that time, and is right now, move ${newest}.json out of ${join(folder, "snapshots")}.`,
    exitCode: EXIT_CODES.tryLater,
  });
}

/** The newest snapshot that can be read: its files need not be read again. */
function newestOf(folder: string): Snapshot | null {
  for (const name of snapshotNames(folder).reverse()) {
    try {
      return readSnapshot(folder, name);
    } catch {
      // Then everything is read once more.
    }
  }
  return null;
}

function checkPlace(folder: string, { configFolders }: SuitePlaces): void {
  const outer = Object.values(configFolders).find((one) => isIn(one, folder));
  if (outer !== undefined) {
    throw new Fault(`${folder} is in ${outer}, which is backed up itself`, {
      remedy: "Name another folder for the backups, best on another disk.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw orFolderFault(cause, folder);
  }
}

const FULL = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL"]);
const FORBIDDEN = new Set(["EACCES", "EPERM"]);
/** Also a disk that was taken out meanwhile. */
const UNUSABLE = new Set(["EROFS", "ENOENT", "ENOTDIR", "EEXIST", "EIO", "ENODEV", "ESTALE"]);

function orFolderFault(cause: unknown, folder: string): unknown {
  if (cause instanceof Fault) return cause;
  const code = errorCode(cause) ?? "";
  if (FULL.has(code)) {
    return new Fault(`the disk of ${folder} is full: ${errorMessage(cause)}`, {
      remedy: "Free some of it, or keep fewer snapshots (--keep). The earlier ones are complete.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
  if (UNUSABLE.has(code)) {
    return new Fault(`${folder} cannot be written: ${errorMessage(cause)}`, {
      remedy:
        "See whether its disk is there, mounted so that it can be written (mount, dmesg), or name another folder.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
  if (!FORBIDDEN.has(code)) return cause;
  const user = process.getuid?.() ?? "this user";
  return new Fault(`${folder} cannot be written: ${errorMessage(cause)}`, {
    remedy: `Give it to the user that Weir runs as: sudo chown ${user} ${resolve(folder)}. In Compose it is a folder of the host, backups or BACKUP_FOLDER: sudo chown 1000 backups.`,
    exitCode: EXIT_CODES.cannotCreate,
    cause,
  });
}
