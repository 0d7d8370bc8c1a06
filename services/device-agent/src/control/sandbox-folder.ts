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

const OWN = /^weir-[0-9a-f]{16}\.out(\.partial)?$/;
const LIKE_OWN = /^weir-.*\.out(\.partial)?$/;
const PARTIAL = ".partial";

/** A folder that is used only while it is still the one that was opened. */
export class SandboxFolder {
  /** Without symbolic links. */
  readonly path: string;
  #identity: Identity;

  /**
   * Creates it with mode 0700 if it is missing. Removes the partial files of a run that was killed.
   *
   * @throws Fault when it is a symbolic link or a file, or cannot be created or written to.
   */
  constructor(folder: string) {
    // Without a slash at the end, which would follow a link.
    const given = resolve(folder);
    makeUsable(given);
    this.path = realpathSync(given);
    this.#identity = lstatSync(this.path, { bigint: true });
    this.#removeLeftovers();
  }

  fileOf(name: string): string {
    return join(this.path, name);
  }

  /** @throws Fault when another folder is at its path. */
  assertSame(): void {
    const found = lstatSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (found?.isDirectory() && isSame(found, this.#identity)) return;
    throw new Fault(`the sandbox ${this.path} is no longer the folder that it was at the start`, {
      remedy: "Put that folder back, or restart the device agent.",
    });
  }

  /** Counts all files, also those that this device has not created. */
  async measure(): Promise<{ files: number; bytes: number }> {
    const sum = { files: 0, bytes: 0 };
    for await (const { stats } of this.#entries()) {
      if (!stats.isFile()) continue;
      sum.files += 1;
      sum.bytes += Number(stats.size);
    }
    return sum;
  }

  /**
   * Removes the files that this device has created.
   *
   * @returns in `leftAlone` how many others have a name like theirs.
   */
  async removeOwn(): Promise<{ files: number; bytes: number; leftAlone: number }> {
    const removed = { files: 0, bytes: 0, leftAlone: 0 };
    for await (const { name, stats } of this.#entries()) {
      if (this.#isOwn(name, stats)) {
        await unlink(this.fileOf(name));
        removed.files += 1;
        removed.bytes += Number(stats.size);
      } else if (LIKE_OWN.test(name)) {
        removed.leftAlone += 1;
      }
    }
    return removed;
  }

  #removeLeftovers(): void {
    using entries = opendirSync(this.path);
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      if (!entry.name.endsWith(PARTIAL)) continue;
      const file = this.fileOf(entry.name);
      const stats = lstatSync(file, { bigint: true, throwIfNoEntry: false });
      if (stats !== undefined && this.#isOwn(entry.name, stats)) rmSync(file);
    }
  }

  async *#entries(): AsyncGenerator<{ name: string; stats: BigIntStats }> {
    for await (const { name } of await opendir(this.path)) {
      const stats = await statsOf(this.fileOf(name));
      // Otherwise it was removed after the folder was read.
      if (stats !== null) yield { name, stats };
    }
  }

  /** A regular file with a name of ours and no second hard link. */
  #isOwn(name: string, stats: BigIntStats): boolean {
    const isPlain = stats.isFile() && stats.nlink === 1n && stats.dev === this.#identity.dev;
    return OWN.test(name) && isPlain;
  }
}

function makeUsable(folder: string): void {
  try {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) {
      makeFolderAt(dirname(folder), "sandbox.folder");
      mkdirSync(folder, { mode: 0o700 });
    }
    if (!lstatSync(folder).isDirectory()) {
      throw new Fault(`the sandbox ${folder} is a link or a file, not a folder`, {
        remedy: "Give the path of a folder, or a path that does not exist yet.",
        exitCode: EXIT_CODES.configuration,
      });
    }
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(`the sandbox ${folder} cannot be created or used: ${errorMessage(cause)}`, {
      remedy: "Choose a place that the device agent may write to.",
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

/** An unpredictable name, so that no other process can create the file first. */
export function newName(): string {
  return `weir-${randomBytes(8).toString("hex")}.out`;
}

/** The name of a file while it is written. Its final name is not derived from it, and so stays unpredictable. */
export function newPartialName(): string {
  return newName() + PARTIAL;
}

/** Whether this file is still at this path. */
export async function isStill(path: string, identity: Identity): Promise<boolean> {
  const found = await statsOf(path);
  return found !== null && isSame(found, identity);
}

function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

async function statsOf(file: string): Promise<BigIntStats | null> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}
