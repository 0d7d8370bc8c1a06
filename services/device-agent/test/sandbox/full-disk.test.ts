import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Refusal } from "../../src/index.ts";
import { MB, NEVER, openTestSandbox } from "./fixture.ts";

/** A file system of its own, of two megabytes; `null` where it cannot be mounted: that needs Linux and root. */
function mountSmallDisk(): (Disposable & { path: string }) | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return null;
  const path = mkdtempSync(join(tmpdir(), "weir-small-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "weir-small-disk", path]);
  if (status === 0) {
    return {
      path,
      [Symbol.dispose]: () => {
        spawnSync("umount", ["--lazy", path]);
        rmdirSync(path);
      },
    };
  }
  rmdirSync(path);
  return null;
}

function canMount(): boolean {
  using disk = mountSmallDisk();
  return disk !== null;
}

describe("a disk that is full although it said otherwise", () => {
  (canMount() ? test : test.skip)("refuses the file, and nothing is left of it", async () => {
    using disk = mountSmallDisk();
    if (disk === null) throw new Error("it was mounted a moment ago");
    const sandbox = openTestSandbox(disk.path);
    const refused = sandbox.allocate(3 * MB, NEVER);
    await expect(refused).rejects.toThrow(Refusal);
    await expect(refused).rejects.toThrow(/the disk was full before 3,000,000 bytes were written/);
    expect(readdirSync(disk.path)).toEqual([]);
    await sandbox.allocate(MB, NEVER);
  });
});
