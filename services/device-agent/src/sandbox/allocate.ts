import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import { errorCode, Fault } from "@weir/fault";
import { fsyncFolderOf } from "@weir/sqlite";
import { Refusal } from "../commands/command.ts";
import { newName, newPartialName } from "./entries.ts";
import { type HeldFolder, type Identity, isSame } from "./held-folder.ts";
import type { Allocated } from "./sandbox.ts";
import { type WriteOptions, writeZeros } from "./write-zeros.ts";

// Never an existing file, and never what a link leads to.
const NEW = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const OWNER_ONLY = 0o600;
// No room left, no quota left, larger than files may be.
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Makes one file. It has its name when it is whole and on the disk; otherwise nothing is left of it. */
export async function allocate(folder: HeldFolder, options: WriteOptions): Promise<Allocated> {
  const partial = folder.fileOf(newPartialName());
  const file = await open(partial, NEW, OWNER_ONLY);
  const identity: Identity = await file.stat({ bigint: true });
  try {
    await writeWhole(file, options);
    const name = newName();
    folder.assertSame();
    await assertStill(partial, identity);
    await rename(partial, folder.fileOf(name));
    fsyncFolderOf(folder.fileOf(name));
    return { name, bytes: options.bytes };
  } catch (error) {
    if (await isStill(partial, identity)) await unlink(partial);
    throw FULL.has(errorCode(error) ?? "") ? fullDisk(options.bytes, error) : error;
  }
}

async function writeWhole(file: FileHandle, options: WriteOptions): Promise<void> {
  try {
    await writeZeros(file, options);
  } catch (error) {
    // Even if it was moved away meanwhile, it takes no room.
    await file.truncate(0);
    throw error;
  } finally {
    await file.close();
  }
}

async function assertStill(path: string, identity: Identity): Promise<void> {
  if (await isStill(path, identity)) return;
  throw new Fault(`${path} was exchanged while it was written`, {
    remedy: "Look for who else writes into the sandbox, and keep them out.",
  });
}

async function isStill(path: string, identity: Identity): Promise<boolean> {
  try {
    return isSame(await lstat(path, { bigint: true }), identity);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function fullDisk(bytes: number, cause: unknown): Refusal {
  return new Refusal(
    `the disk was full before ${bytes.toLocaleString("en")} bytes were written; remove files with rm_1gb_file, or ask for less`,
    { cause },
  );
}
