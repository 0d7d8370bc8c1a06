import {
  chmodSync,
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  fsyncFolderOf,
  lockFile,
  nearestFolder,
} from "@weir/runtime";
import { databaseProblem, isDatabase, throwProblems } from "./check.ts";
import { copyHashed, fsyncFile, hashOf, ObjectFolder } from "./objects.ts";
import { bytesOf, readSnapshot, type Snapshot, type SnapshotFile } from "./snapshot.ts";
import { partsOf, type SuitePlaces } from "./suite-places.ts";

export interface RestoreOptions {
  /** The folder of the backups. */
  folder: string;
  /** The name of the snapshot. */
  snapshot: string;
  /** A folder in which each part becomes a folder; or the places of a suite. */
  to: string | SuitePlaces;
  /** Also puts back databases that were damaged when they were taken. */
  damaged?: boolean;
  signal: AbortSignal;
}

/** A file on its way. */
interface Target {
  file: SnapshotFile;
  path: string;
}

const RESTORING = ".restoring";

/**
 * Puts back a snapshot. Everything is written beside its place, checked and durable before anything gets its name.
 *
 * @throws Fault when something is in the way, a suite runs there, or the snapshot is not whole; nothing is changed then.
 */
export async function restore(options: RestoreOptions): Promise<{ files: number; bytes: number }> {
  const { folder, to, damaged = false, signal } = options;
  const snapshot = readSnapshot(folder, options.snapshot);
  const targets = targetsOf(snapshot, to);
  using locks = new DisposableStack();
  if (typeof to !== "string") {
    checkName(snapshot, to);
    for (const lock of locksOf(to)) locks.use(lock);
  }
  refuseOverwriting(targets, to);
  const missing = await stillMissing(targets, signal);
  checkSpace(missing);
  try {
    await write(missing, { objects: new ObjectFolder(folder), damaged, signal });
    for (const { path } of missing) renameSync(path + RESTORING, path);
    for (const place of foldersOf(missing)) fsyncFolderOf(join(place, "any"));
  } catch (error) {
    throw orWritingFault(error);
  } finally {
    for (const { path } of missing) rmSync(path + RESTORING, { force: true });
  }
  return { files: targets.length, bytes: bytesOf(snapshot.files) };
}

function targetsOf(snapshot: Snapshot, to: string | SuitePlaces): Target[] {
  const parts = typeof to === "string" ? null : partsOf(to);
  return snapshot.files.map((file) => {
    if (parts === null) return { file, path: join(to as string, file.path) };
    const [name = "", ...rest] = file.path.split("/");
    const part = parts.get(name);
    if (part !== undefined) {
      return { file, path: part.only === null ? join(part.root, ...rest) : part.root };
    }
    // A stream whose folder is elsewhere: the weir.yaml that names it is only now put back.
    const root = snapshot.parts[name];
    if (root !== undefined) return { file, path: join(root, ...rest) };
    throw new Fault(`the snapshot has ${file.path}, and nothing is known of ${name}`, {
      remedy: "Restore it with --to into a folder, and put the files where they belong.",
    });
  });
}

/** Positions name the file of the stream data. */
function checkName(snapshot: Snapshot, { storeFile }: SuitePlaces): void {
  const stores = snapshot.files
    .map(({ path }) => path)
    .filter((path) => /^store\/[^/]+$/.test(path));
  const own = `store/${basename(storeFile)}`;
  const databases = snapshot.files.filter(
    ({ path, database }) => stores.includes(path) && database !== null && !OTHERS.has(path),
  );
  const [other] = databases;
  if (other === undefined || databases.some(({ path }) => path === own)) return;
  const name = basename(other.path);
  throw new Fault(`the store of the snapshot is named ${name}, and DB_FILE names ${storeFile}`, {
    remedy: `Set DB_FILE to ${join(dirname(storeFile), name)}.`,
    exitCode: EXIT_CODES.configuration,
  });
}

const OTHERS: ReadonlySet<string> = new Set(["store/index.db", "store/published.db"]);

/** Keeps every service away that would write there. */
function* locksOf({
  storeFile,
  outboxFile,
  deviceFolder,
  workflowsFile,
}: SuitePlaces): Generator<Disposable> {
  const running = {
    message: "a suite is running on this data",
    remedy: "Stop it first: docker compose down, or Ctrl-C where npm start runs.",
  };
  for (const file of [storeFile, outboxFile, join(deviceFolder, "journal.db"), workflowsFile]) {
    makeFolder(dirname(file));
    yield lockFile(file, running);
  }
}

/** What may be in a place that is as good as empty. */
const HARMLESS = /\.(lock|ballast|restoring)(-\w+)?$|^(lost\+found|logs|\.gitkeep)$|^backup\.json$/;

/** @throws Fault where a file is in the way that a restored one would replace, or stand beside. */
function refuseOverwriting(targets: readonly Target[], to: string | SuitePlaces): void {
  const wanted = new Map(targets.map(({ path, file }) => [resolve(path), file]));
  const inTheWay = [...wanted].filter(([path, file]) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && (!found.isFile() || found.size !== file.bytes);
  });
  const [different] = inTheWay;
  if (different !== undefined) throw refused(`${different[0]} is there already`);
  const folders = typeof to === "string" ? [to] : [dirname(to.storeFile), to.deviceFolder];
  for (const folder of folders) {
    const stranger = strangerIn(resolve(folder), wanted);
    if (stranger !== null) throw refused(`${stranger} is there already`);
  }
}

/** A file of another suite; `null` where there is none. */
function strangerIn(folder: string, wanted: ReadonlyMap<string, SnapshotFile>): string | null {
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (HARMLESS.test(entry.name) || wanted.has(path)) continue;
    const stranger = entry.isDirectory() ? strangerIn(path, wanted) : path;
    if (stranger !== null) return stranger;
  }
  return null;
}

function refused(message: string): Fault {
  return new Fault(`${message}, and nothing is overwritten`, {
    remedy:
      "Move it away, or restore into another folder (--to). In Compose, docker compose down --volumes removes the data that is there.",
    exitCode: EXIT_CODES.cannotCreate,
  });
}

/** A restore that was killed, and a configuration that is the same, are not in the way. */
async function stillMissing(targets: readonly Target[], signal: AbortSignal): Promise<Target[]> {
  const missing: Target[] = [];
  for (const target of targets) {
    const { path, file } = target;
    if (!existsSync(path)) missing.push(target);
    else if ((await hashOf(path, signal)).hash !== file.hash) {
      throw refused(`${path} is there already`);
    }
  }
  return missing;
}

/** All of it at once: the places may share a disk. */
function checkSpace(missing: readonly Target[]): void {
  const needed = new Map<number, { path: string; bytes: number }>();
  for (const { path, file } of missing) {
    const folder = nearestFolder(dirname(path));
    const { dev } = statSync(folder);
    const disk = needed.get(dev) ?? { path: folder, bytes: 0 };
    disk.bytes += file.bytes;
    needed.set(dev, disk);
  }
  for (const { path, bytes } of needed.values()) {
    const { bavail, bsize } = statfsSync(path);
    if (bavail * bsize >= bytes) continue;
    throw new Fault(
      `the disk of ${path} has ${bavail * bsize} bytes left, and ${bytes} are needed`,
      {
        remedy: "Free some of it, or restore to another disk.",
        exitCode: EXIT_CODES.cannotCreate,
      },
    );
  }
}

async function write(
  targets: readonly Target[],
  { objects, damaged, signal }: { objects: ObjectFolder; damaged: boolean; signal: AbortSignal },
): Promise<void> {
  const problems: string[] = [];
  for (const { file, path } of targets) {
    const object = objects.fileOf(file.hash);
    const problem = await writeOne(file, { path, object, damaged, signal });
    if (problem !== null) problems.push(`${file.path}: ${problem}`);
  }
  throwProblems(problems, "the snapshot");
}

/** @returns what is wrong with it; `null` for nothing. */
async function writeOne(
  file: SnapshotFile,
  {
    path,
    object,
    damaged,
    signal,
  }: { path: string; object: string; damaged: boolean; signal: AbortSignal },
): Promise<string | null> {
  const target = path + RESTORING;
  makeFolder(dirname(path));
  rmSync(target, { force: true });
  if (!existsSync(object)) return `${object} is missing`;
  const { hash } = await copyHashed(object, target, signal);
  if (hash !== file.hash) return `${object} does not hold what it did`;
  const problem = isDatabase(file) && !damaged ? databaseProblem(target) : null;
  if (problem !== null) return problem;
  fsyncFile(target);
  // The next backup finds it as it was, and a closed segment is known by its rights.
  utimesSync(target, file.modifiedMs / 1_000, file.modifiedMs / 1_000);
  chmodSync(target, file.mode);
  return null;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw orWritingFault(error);
  }
}

function foldersOf(targets: readonly Target[]): Set<string> {
  return new Set(targets.map(({ path }) => dirname(path)));
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw orWritingFault(error);
  }
}

const FORBIDDEN = new Set(["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOSPC"]);

function orWritingFault(cause: unknown): unknown {
  if (cause instanceof Fault || !FORBIDDEN.has(errorCode(cause) ?? "")) return cause;
  const user = process.getuid?.() ?? "this user";
  return new Fault(`it cannot be restored: ${errorMessage(cause)}`, {
    remedy: `Give that folder to the user that Weir runs as (sudo chown -R ${user} <folder>), or free some space. Nothing was changed.`,
    exitCode: EXIT_CODES.cannotCreate,
    cause,
  });
}
