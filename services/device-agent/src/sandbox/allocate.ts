import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, unlink } from "node:fs/promises";
import { errorCode, Fault, fsyncFolderOf } from "@weir/runtime";
import { Refusal } from "../commands/command.ts";
import { type HeldFolder, type Identity, isSame, newName, newPartialName } from "./folder.ts";
import type { Allocated } from "./sandbox.ts";

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

const ZEROS = Buffer.alloc(1_048_576);
const STEP_BYTES = 8 * ZEROS.length;

/** What is written, and what may end it. */
interface WriteOptions {
  bytes: number;
  signal: AbortSignal;
  /** Asked before each step of 8 MiB, with the bytes that are still to be written. It throws to end it. */
  assertRoom: (bytes: number) => Promise<void>;
}

/**
 * Fills a file with zeros, on the disk when it returns. Each step is on the disk before the next begins, so
 * that the free room is known, memory is not filled, and an end does not have to wait for long.
 */
async function writeZeros(file: FileHandle, options: WriteOptions): Promise<void> {
  const { bytes, signal, assertRoom } = options;
  for (let written = 0; written < bytes; ) {
    await assertRoom(bytes - written);
    const end = Math.min(bytes, written + STEP_BYTES);
    while (written < end) {
      signal.throwIfAborted();
      const { bytesWritten } = await file.write(ZEROS, 0, Math.min(ZEROS.length, end - written));
      written += bytesWritten;
    }
    await file.sync();
  }
  signal.throwIfAborted();
}
