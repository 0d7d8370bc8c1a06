import { type Stats, statSync } from "node:fs";
import { errorCode, errorMessage, Fault } from "@weir/runtime";
import type { ObjectFolder } from "./objects.ts";
import type { Snapshot, SnapshotFile } from "./snapshot.ts";
import type { SuiteFile } from "./suite-places.ts";

/** A file that was there a moment ago is gone or another one: retention, archives and merges do that. */
export class HasChanged extends Error {}

/** A file that changed so shortly before it was read may have changed once more with the same time. */
const UNSURE_MS = 2_000;
const WRITABLE_BY_ANYONE = 0o222;

/** Takes files into a folder of objects, and reads none a second time that is as it was. */
export class Copier {
  readonly #objects: ObjectFolder;
  readonly #signal: AbortSignal;
  /** By path: what earlier snapshots, and this one so far, have of it. */
  readonly #known = new Map<string, SnapshotFile>();

  /** @param earlier the newest snapshot, `null` where there is none. */
  constructor(objects: ObjectFolder, earlier: Snapshot | null, signal: AbortSignal) {
    this.#objects = objects;
    this.#signal = signal;
    if (earlier === null) return;
    const sureMs = Date.parse(earlier.begun) - UNSURE_MS;
    for (const file of earlier.files) {
      // The copy of an open database is not what its file holds.
      const isPlain = file.database === null;
      if (isPlain && file.modifiedMs < sureMs) this.#known.set(file.path, file);
    }
  }

  /**
   * @returns `null` where there is no such file.
   * @throws Fault when it cannot be read, HasChanged when it changes meanwhile.
   */
  async takeIfThere(file: SuiteFile): Promise<SnapshotFile | null> {
    return isThere(file) ? await this.take(file) : null;
  }

  /** @throws Fault when it cannot be read, HasChanged when it is gone, or changes meanwhile. */
  async take({ path, file, isDatabase }: SuiteFile): Promise<SnapshotFile> {
    const stats = statOf(file);
    // One that nobody may write is closed for good.
    const isOpen = isDatabase && (stats.mode & WRITABLE_BY_ANYONE) !== 0;
    const about = { path, modifiedMs: stats.mtimeMs, mode: stats.mode & 0o777 };
    try {
      if (isOpen) return { ...about, ...(await this.#objects.addDatabase(file, this.#signal)) };
      const known = this.#known.get(path);
      if (known !== undefined && this.#isSame(known, stats)) return { ...known, ...about };
      const stored = await this.#objects.addFile(file, this.#signal);
      if (!isUnchanged(stats, statOf(file))) throw new HasChanged(`${file} has changed`);
      const taken = { ...about, ...stored };
      this.#known.set(path, taken);
      return taken;
    } catch (error) {
      throw orFault(error, file);
    }
  }

  #isSame(known: SnapshotFile, { size, mtimeMs }: Stats): boolean {
    return known.bytes === size && known.modifiedMs === mtimeMs && this.#objects.has(known);
  }
}

function isThere({ file }: SuiteFile): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function statOf(file: string): Stats {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) throw new HasChanged(`${file} is gone`);
  return stats;
}

/** A change of any kind sets `ctime`. */
function isUnchanged(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.size === other.size && one.ctimeMs === other.ctimeMs;
}

function orFault(cause: unknown, file: string): unknown {
  if (cause instanceof HasChanged || cause instanceof Fault) return cause;
  const code = errorCode(cause) ?? "";
  if (code === "ENOENT") return new HasChanged(`${file} is gone`);
  if (code === "SQLITE_CANTOPEN" && statSync(file, { throwIfNoEntry: false }) === undefined) {
    return new HasChanged(`${file} is gone`);
  }
  if (code === "EACCES" || code === "EPERM" || code === "SQLITE_CANTOPEN") {
    return new Fault(`${file} cannot be read: ${errorMessage(cause)}`, {
      remedy: "Run the backup as the user that the suite runs as.",
      cause,
    });
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return new Fault(`${file} is damaged: ${errorMessage(cause)}`, {
      remedy:
        "Restart the service that writes it: it says what to do, or sets the file aside. The snapshots before this one are complete.",
      cause,
    });
  }
  return cause;
}
