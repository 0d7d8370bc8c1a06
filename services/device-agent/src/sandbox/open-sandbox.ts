import { statfs } from "node:fs/promises";
import { Refusal } from "../commands/command.ts";
import { allocate } from "./allocate.ts";
import { measure, removeLeftovers, removeOwn } from "./entries.ts";
import { holdFolder } from "./held-folder.ts";
import { assertRoom } from "./room.ts";
import type { Sandbox, SandboxOptions } from "./sandbox.ts";

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
