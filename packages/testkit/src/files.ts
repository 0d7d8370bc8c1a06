import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "@weir/runtime";

/** Its own folder for one test; disposing removes it with all that is in it. */
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

/** @throws where it cannot be mounted: that needs Linux, root and the right to mount. */
export function mountSmallDisk(megabytes = 2): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), "weir-small-disk-"));
  const size = `size=${megabytes}m`;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", size, "weir-small-disk", path]);
  if (status !== 0) {
    rmdirSync(path);
    throw new Error("a small disk cannot be mounted");
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
  try {
    mountSmallDisk()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** Overwrites the bytes `from..to` of a file, as a failing disk may. */
export function overwrite(file: string, from: number, to: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(to - from, 0xa5), 0, to - from, from);
  closeSync(descriptor);
}

const LOCKS = "/proc/locks";

/** Whether this machine lists which process holds which locks. */
export const listsLocks: boolean = existsSync(LOCKS);

/** How many POSIX locks this process has on a file. */
export function locksOn(file: string): number {
  const isOurs = new RegExp(` ${process.pid} [0-9a-f]+:[0-9a-f]+:${statSync(file).ino} `);
  return readFileSync(LOCKS, "utf8")
    .split("\n")
    .filter((line) => isOurs.test(line)).length;
}

// Node's own SQLite, in a separate process: locks belong to processes.
const HOLD = `
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(process.argv[1]);
  database.exec(process.argv[2]);
  database.exec("BEGIN IMMEDIATE");
  process.stdout.write("locked");
  const release = () => { if (database.isOpen) database.close(); };
  process.stdin.on("end", release).resume();
  if (process.argv[3] !== undefined) setTimeout(release, Number(process.argv[3]));
`;

/**
 * Another program that holds a write transaction on an SQLite file until it is disposed of.
 *
 * @param before SQL that it runs before that.
 * @param heldMs after which it lets go of the file by itself.
 */
export async function lockByAnother(
  file: string,
  before = "",
  heldMs?: number,
): Promise<AsyncDisposable> {
  const held = heldMs === undefined ? [] : [String(heldMs)];
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "-e", HOLD, file, before, ...held],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  const isLocked = await Promise.race([once(child.stdout, "data"), ended.then(() => null)]);
  if (isLocked === null) throw new Error(`${file} could not be locked`);
  return {
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
