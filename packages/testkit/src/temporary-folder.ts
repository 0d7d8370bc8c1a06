import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "@weir/runtime";

/** A folder of its own for one test; disposing removes it with all that is in it. */
export interface TemporaryFolder extends Disposable {
  path: string;
  /** The path of a file in it. */
  file(name: string): string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "weir-"));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A small file system that can be filled. */
export interface SmallDisk extends Disposable {
  path: string;
  /** Fills it, but for so many bytes. */
  fillBut(bytes: number): void;
  free(): void;
}

/** @returns `null` where it cannot be mounted: that needs Linux, root and the right to mount. */
export function mountSmallDisk(megabytes = 2): SmallDisk | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const path = mkdtempSync(join(tmpdir(), "weir-small-disk-"));
  const size = `size=${megabytes}m`;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", size, "weir-small-disk", path]);
  if (status !== 0) {
    rmdirSync(path);
    return null;
  }
  const filler = join(path, "filler");
  return {
    path,
    fillBut: (bytes) => {
      rmSync(filler, { force: true });
      const { bavail, bsize } = statfsSync(path);
      try {
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
      } catch (error) {
        // Another process has written meanwhile: the disk is full all the same.
        if (errorCode(error) !== "ENOSPC") throw error;
      }
    },
    free: () => rmSync(filler, { force: true }),
    [Symbol.dispose]: () => {
      spawnSync("umount", ["--lazy", path]);
      rmdirSync(path);
    },
  };
}

/** Whether there can be one here. */
export function canMountSmallDisk(): boolean {
  using disk = mountSmallDisk();
  return disk !== null;
}
