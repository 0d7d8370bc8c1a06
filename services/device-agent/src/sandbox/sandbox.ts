import { statfs } from "node:fs/promises";
import { Refusal } from "../commands/command.ts";
import { allocate } from "./allocate.ts";
import { holdFolder, measure, removeLeftovers, removeOwn } from "./folder.ts";

/** How many bytes are free on the disk of a folder. */
export type MeasureFree = (folder: string) => Promise<number>;

/**
 * Opens the sandbox of one device. What it does it does one after the other, so that two allocations cannot
 * break the quota together.
 *
 * @throws Fault when the folder is a symbolic link, or no folder, or cannot be made or written to.
 */
export function openSandbox(
  { folder: given, quotaBytes, reserveBytes }: SandboxOptions,
  measureFree: MeasureFree = freeBytesOf,
): Sandbox {
  const folder = holdFolder(given);
  removeLeftovers(folder);
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(() => {
      folder.assertSame();
      return task();
    });
    // Whoever asked for it is told; the next one is not concerned.
    last = result.catch(() => undefined);
    return result;
  }

  async function assertRoomFor(bytes: number): Promise<void> {
    folder.assertSame();
    const { bytes: usedBytes, files: usedFiles } = await measure(folder);
    const freeBytes = await measureFree(folder.path);
    assertRoom({ bytes, usedBytes, usedFiles, quotaBytes, freeBytes, reserveBytes });
  }

  return {
    allocate: (bytes, signal) =>
      inTurn(async () => {
        signal.throwIfAborted();
        assertSize(bytes);
        await assertRoomFor(bytes);
        return allocate(folder, { bytes, signal, assertRoom: assertRoomFor });
      }),
    removeAll: () => inTurn(() => removeOwn(folder)),
    usage: async () => {
      folder.assertSame();
      return { ...(await measure(folder)), quotaBytes };
    },
  };
}

function assertSize(bytes: number): void {
  if (Number.isSafeInteger(bytes) && bytes > 0) return;
  throw new Refusal(
    `a file of ${bytes} bytes cannot be made; give a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
  );
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** What bounds the sandbox. */
export interface SandboxOptions {
  /** The one folder that commands write to; made where it is missing. A symbolic link is refused. */
  folder: string;
  /** Bytes of all its files together at most. */
  quotaBytes: number;
  /** Bytes that stay free on its disk. */
  reserveBytes: number;
}

/** A file that was allocated. */
export interface Allocated {
  name: string;
  bytes: number;
}

/** What was removed, and how much of what is called like its files was left alone because it is none of them. */
export interface Removed {
  files: number;
  bytes: number;
  leftAlone: number;
}

/** The folder in which a device makes files when it is told to, and removes its own ones. */
export interface Sandbox {
  /**
   * Makes one file of so many bytes, really written.
   *
   * @throws Refusal when it would break the quota or the reserve; then nothing is left behind.
   */
  allocate(bytes: number, signal: AbortSignal): Promise<Allocated>;
  /** Removes the files that it has made, and nothing else: neither links nor files of others. */
  removeAll(): Promise<Removed>;
  /** Everything that lies there, also what is of others: that is what the quota bounds. */
  usage(): Promise<{ files: number; bytes: number; quotaBytes: number }>;
}

/** So many files are enough, however small they are. */
const FILES_MAX = 1_000;

/** What is to be written, and where there may be room for it. */
interface Room {
  /** Still to be written. */
  bytes: number;
  usedBytes: number;
  usedFiles: number;
  quotaBytes: number;
  freeBytes: number;
  reserveBytes: number;
}

/** @throws Refusal when what is to be written would break the quota or the reserve. */
function assertRoom(room: Room): void {
  const { bytes, usedBytes, usedFiles, quotaBytes, freeBytes, reserveBytes } = room;
  if (usedFiles > FILES_MAX) {
    throw new Refusal(`the sandbox has ${FILES_MAX} files; remove them first: rm_1gb_file`);
  }
  if (usedBytes + bytes > quotaBytes) {
    throw new Refusal(
      `no room for ${figure(bytes)} in the sandbox: ${figure(usedBytes)} of its quota of ${figure(quotaBytes)} are taken; ${remedy(quotaBytes - usedBytes)}`,
    );
  }
  if (freeBytes - bytes < reserveBytes) {
    throw new Refusal(
      `no room for ${figure(bytes)} on the disk: ${figure(freeBytes)} are free, of which ${figure(reserveBytes)} are kept in reserve; ${remedy(freeBytes - reserveBytes)}`,
    );
  }
}

const figure = (bytes: number): string => `${bytes.toLocaleString("en")} bytes`;

function remedy(leftBytes: number): string {
  const remove = "remove files with rm_1gb_file";
  return leftBytes > 0 ? `ask for at most ${figure(leftBytes)}, or ${remove}` : remove;
}
