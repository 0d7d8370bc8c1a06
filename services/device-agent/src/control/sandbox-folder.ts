import { randomBytes } from "node:crypto";
import {
  accessSync,
  type BigIntStats,
  constants,
  lstatSync,
  mkdirSync,
  opendirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { lstat, opendir, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EXIT_CODES, errorCode, errorMessage, Fault, makeFolderAt } from "@weir/runtime";

/** Identifies a file or folder, whatever its name. */
export type Identity = Pick<BigIntStats, "dev" | "ino">;

/** A folder that is used only while it is still the one that was opened. */
export interface HeldFolder {
  /** Without symbolic links. */
  path: string;
  identity: Identity;
  fileOf(name: string): string;
  /** @throws Fault when another folder is at its path. */
  assertSame(): void;
}

/**
 * Opens a folder; creates it with mode 0700 if it is missing.
 *
 * @throws Fault when it is a symbolic link or a file, or cannot be created or written to.
 */
export function holdFolder(folder: string): HeldFolder {
  // Without a slash at the end, which would follow a link.
  const given = resolve(folder);
  create(given);
  if (!lstatSync(given).isDirectory()) {
    throw new Fault(`the sandbox ${given} is a link or a file, not a folder`, {
      remedy: "Give the path of a folder, or a path that does not exist yet.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  assertUsable(given);
  const path = realpathSync(given);
  const identity: Identity = lstatSync(path, { bigint: true });
  return {
    path,
    identity,
    fileOf: (name) => join(path, name),
    assertSame: () => {
      const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (found?.isDirectory() && isSame(found, identity)) return;
      throw new Fault(`the sandbox ${path} is no longer the folder that it was at the start`, {
        remedy: "Put that folder back, or restart the device agent.",
      });
    },
  };
}

export function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function create(folder: string): void {
  try {
    if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) return;
    makeFolderAt(dirname(folder), "sandbox.folder");
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unusable(`the sandbox ${folder} cannot be created`, cause);
  }
}

function assertUsable(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(`the sandbox ${folder} cannot be used`, cause);
  }
}

function unusable(message: string, cause: unknown): Fault {
  return new Fault(`${message}: ${errorMessage(cause)}`, {
    remedy: "Choose a place that the device agent may write to.",
    exitCode: EXIT_CODES.configuration,
    cause,
  });
}

const OWN = /^weir-[0-9a-f]{16}\.out(\.partial)?$/;
const LIKE_OWN = /^weir-.*\.out(\.partial)?$/;
const PARTIAL = ".partial";

/** An unpredictable name, so that no other process can create the file first. */
export function newName(): string {
  return `weir-${randomBytes(8).toString("hex")}.out`;
}

/** The name of a file while it is written. Its final name is not derived from it, and so stays unpredictable. */
export function newPartialName(): string {
  return newName() + PARTIAL;
}

interface Entry {
  name: string;
  isFile: boolean;
  isOwn: boolean;
  bytes: number;
}

/** Counts all files, also those that this device has not created. */
export async function measure(folder: HeldFolder): Promise<{ files: number; bytes: number }> {
  const sum = { files: 0, bytes: 0 };
  for await (const { isFile, bytes } of entriesOf(folder)) {
    if (!isFile) continue;
    sum.files += 1;
    sum.bytes += bytes;
  }
  return sum;
}

/**
 * Removes the files that this device has created.
 *
 * @returns in `leftAlone` how many others have a name like theirs.
 */
export async function removeOwn(folder: HeldFolder) {
  const removed = { files: 0, bytes: 0, leftAlone: 0 };
  for await (const { name, isOwn, bytes } of entriesOf(folder)) {
    if (isOwn) {
      await unlink(folder.fileOf(name));
      removed.files += 1;
      removed.bytes += bytes;
    } else if (LIKE_OWN.test(name)) {
      removed.leftAlone += 1;
    }
  }
  return removed;
}

/** Removes the partial files of a run that was killed. */
export function removeLeftovers(folder: HeldFolder): void {
  using entries = opendirSync(folder.path);
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const { name } = entry;
    if (!name.endsWith(PARTIAL)) continue;
    const stats = lstatSync(folder.fileOf(name), { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined && isOwn({ name, stats, folder })) rmSync(folder.fileOf(name));
  }
}

async function* entriesOf(folder: HeldFolder): AsyncGenerator<Entry> {
  for await (const { name } of await opendir(folder.path)) {
    const stats = await statsOf(folder.fileOf(name));
    if (stats === null) continue;
    const bytes = Number(stats.size);
    yield { name, isFile: stats.isFile(), isOwn: isOwn({ name, stats, folder }), bytes };
  }
}

/** A regular file with a name of ours and no second hard link. */
function isOwn(given: { name: string; stats: BigIntStats; folder: HeldFolder }): boolean {
  const { name, stats, folder } = given;
  const isPlain = stats.isFile() && stats.nlink === 1n && stats.dev === folder.identity.dev;
  return OWN.test(name) && isPlain;
}

async function statsOf(file: string): Promise<BigIntStats | null> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    // It was removed after the folder was read.
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}
