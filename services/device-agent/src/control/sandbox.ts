import { constants } from "node:fs";
import { type FileHandle, open, rename, statfs, unlink } from "node:fs/promises";
import { errorCode, Fault, fsyncFolderOf } from "@weir/runtime";
import {
  type Identity,
  isStill,
  newName,
  newPartialName,
  SandboxFolder,
} from "./sandbox-folder.ts";

/** Thrown by a command that was not executed and has changed nothing: a value out of bounds, a full disk. */
export class Refusal extends Error {}

/** Files are as many as this at most, however small they are. */
const FILES_MAX = 1_000;

export interface SandboxOptions {
  /** The one folder that commands write to; created if it is missing. A symbolic link is refused. */
  folder: string;
  /** Bytes of all its files together at most. */
  quotaBytes: number;
  /** Bytes that stay free on its disk. */
  reserveBytes: number;
}

/** The folder in which commands create files, and remove them again. */
export type Sandbox = ReturnType<typeof openSandbox>;

/**
 * Opens the sandbox of one device. Its operations run one after the other, so that two allocations cannot
 * exceed the quota together.
 *
 * @param freeBytesOf how many bytes are free on the disk of a folder.
 * @throws Fault when the folder is a symbolic link or a file, or cannot be created or written to.
 */
export function openSandbox(
  { folder: given, quotaBytes, reserveBytes }: SandboxOptions,
  freeBytesOf: (folder: string) => Promise<number> = async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
) {
  const folder = new SandboxFolder(given);
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(() => {
      folder.assertSame();
      return task();
    });
    // The caller gets the error; the next operation is not affected by it.
    last = result.catch(() => undefined);
    return result;
  }

  /** @throws Refusal when so many more bytes would exceed the quota or use the reserve. */
  async function assertSpace(bytes: number): Promise<void> {
    folder.assertSame();
    const used = await folder.measure();
    const freeBytes = await freeBytesOf(folder.path);
    if (used.files > FILES_MAX) {
      throw new Refusal(`the sandbox has ${FILES_MAX} files; remove them first: rm_1gb_file`);
    }
    if (used.bytes + bytes > quotaBytes) {
      throw new Refusal(
        `no space for ${figure(bytes)} in the sandbox: ${figure(used.bytes)} of its quota of ${figure(quotaBytes)} are used; ${remedy(quotaBytes - used.bytes)}`,
      );
    }
    if (freeBytes - bytes < reserveBytes) {
      throw new Refusal(
        `no space for ${figure(bytes)} on the disk: ${figure(freeBytes)} are free, of which ${figure(reserveBytes)} are kept in reserve; ${remedy(freeBytes - reserveBytes)}`,
      );
    }
  }

  return {
    /**
     * Creates one file of so many bytes, all of them written to the disk.
     *
     * @throws Refusal when the disk or the quota is full; then nothing is left of it.
     */
    allocate: (bytes: number, signal: AbortSignal): Promise<{ name: string; bytes: number }> =>
      inTurn(async () => {
        signal.throwIfAborted();
        if (!Number.isSafeInteger(bytes) || bytes <= 0) {
          throw new Refusal(
            `a file of ${bytes} bytes cannot be created; give a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
          );
        }
        await assertSpace(bytes);
        return await allocate(folder, { bytes, signal, assertSpace });
      }),
    /** Removes the files that it has created, and nothing else: neither links nor other files. */
    removeAll: () => inTurn(() => folder.removeOwn()),
    /** All files in the folder, also those that it has not created: the quota limits them all. */
    usage: async (): Promise<{ files: number; bytes: number; quotaBytes: number }> => {
      folder.assertSame();
      return { ...(await folder.measure()), quotaBytes };
    },
  };
}

const figure = (bytes: number): string => `${bytes.toLocaleString("en")} bytes`;

function remedy(leftBytes: number): string {
  const remove = "remove files with rm_1gb_file";
  return leftBytes > 0 ? `request at most ${figure(leftBytes)}, or ${remove}` : remove;
}

// Never an existing file, and never the target of a link.
const NEW = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const OWNER_ONLY = 0o600;
// No space left, no quota left, larger than the file system allows.
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

interface WriteOptions {
  bytes: number;
  signal: AbortSignal;
  /** Called before each step, with the bytes that are still to be written. It throws to stop. */
  assertSpace: (bytes: number) => Promise<void>;
}

/** Creates one file. It gets its name when all of it is on the disk; otherwise nothing is left of it. */
async function allocate(
  folder: SandboxFolder,
  options: WriteOptions,
): Promise<{ name: string; bytes: number }> {
  const partial = folder.fileOf(newPartialName());
  const file = await open(partial, NEW, OWNER_ONLY);
  const identity: Identity = await file.stat({ bigint: true });
  try {
    await writeWhole(file, options);
    const name = newName();
    folder.assertSame();
    if (!(await isStill(partial, identity))) {
      throw new Fault(`${partial} was replaced while it was written`, {
        remedy: "Find the other program that writes into the sandbox, and stop it.",
      });
    }
    await rename(partial, folder.fileOf(name));
    fsyncFolderOf(folder.fileOf(name));
    return { name, bytes: options.bytes };
  } catch (error) {
    if (await isStill(partial, identity)) await unlink(partial);
    if (!FULL.has(errorCode(error) ?? "")) throw error;
    throw new Refusal(
      `the disk was full before ${figure(options.bytes)} were written; remove files with rm_1gb_file, or request less`,
      { cause: error },
    );
  }
}

async function writeWhole(file: FileHandle, options: WriteOptions): Promise<void> {
  try {
    await writeZeros(file, options);
  } catch (error) {
    // It then takes no space, even if another program has moved it.
    await file.truncate(0);
    throw error;
  } finally {
    await file.close();
  }
}

const ZEROS = Buffer.alloc(1_048_576);
const STEP_BYTES = 8 * ZEROS.length;

/**
 * Fills a file with zeros. Each step is on the disk before the next begins: so the free space is known, the page
 * cache does not fill up, and an abort ends it soon.
 */
async function writeZeros(
  file: FileHandle,
  { bytes, signal, assertSpace }: WriteOptions,
): Promise<void> {
  for (let written = 0; written < bytes; ) {
    await assertSpace(bytes - written);
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
