import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fsyncFolderOf } from "@weir/runtime";
import Sqlite from "better-sqlite3";
import type { SnapshotFile } from "./snapshot.ts";

const CHUNK_BYTES = 1024 * 1024;
/** So many pages are more than a database has: it is copied in one transaction, as it was at one moment. */
const ALL_PAGES = 0x7fff_ffff;
/** How long another program may have a database to itself. */
const LOCKED_MS_MAX = 30_000;
const WRITING = ".writing";

/** What was stored, and under which name. */
export type StoredObject = Pick<SnapshotFile, "hash" | "bytes" | "database">;

/** The contents of files, each under its hash: what two snapshots share is there once. Nothing in it is ever changed. */
export class ObjectFolder {
  readonly #folder: string;
  /** What was not there before. */
  readonly added: { files: number; bytes: number } = { files: 0, bytes: 0 };

  constructor(folder: string) {
    this.#folder = join(folder, "files");
  }

  fileOf(hash: string): string {
    return join(this.#folder, hash);
  }

  has({ hash, bytes }: Pick<StoredObject, "hash" | "bytes">): boolean {
    return statSync(this.fileOf(hash), { throwIfNoEntry: false })?.size === bytes;
  }

  /** Makes the folder, and removes what a kill has left of a file. */
  open(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const entry of readdirSync(this.#folder)) {
      if (entry.includes(WRITING)) rmSync(join(this.#folder, entry));
    }
  }

  /** Stores a file as it is. */
  async addFile(source: string, signal: AbortSignal): Promise<StoredObject> {
    return await this.#add(async (target) => {
      const copied = await copyHashed(source, target, signal);
      return { ...copied, database: null };
    });
  }

  /** Stores a database that other programs may be writing, as it is at one moment, in one file without a log. */
  async addDatabase(source: string, signal: AbortSignal): Promise<StoredObject> {
    return await this.#add(async (target) => {
      await copyDatabase(source, target, signal);
      const database = closeLog(target);
      return { ...(await hashOf(target, signal)), database };
    });
  }

  /** Takes its name from one that was damaged, so that the next backup stores it once more. */
  setAside(hash: string): void {
    renameSync(this.fileOf(hash), `${this.fileOf(hash)}.damaged`);
  }

  /** Makes all that was stored survive a power cut. */
  sync(): void {
    fsyncFolderOf(join(this.#folder, "any"));
  }

  /** Removes what no snapshot needs. @returns how many files, and their bytes. */
  removeAllBut(needed: ReadonlySet<string>): { files: number; bytes: number } {
    const removed = { files: 0, bytes: 0 };
    for (const entry of readdirSync(this.#folder)) {
      if (needed.has(entry)) continue;
      removed.bytes += statSync(this.fileOf(entry)).size;
      removed.files += 1;
      rmSync(this.fileOf(entry));
    }
    return removed;
  }

  async #add(write: (target: string) => Promise<StoredObject>): Promise<StoredObject> {
    const target = this.fileOf(`${randomUUID()}${WRITING}`);
    try {
      const stored = await write(target);
      if (!this.has(stored)) {
        fsyncFile(target);
        renameSync(target, this.fileOf(stored.hash));
        this.added.files += 1;
        this.added.bytes += stored.bytes;
      }
      return stored;
    } finally {
      for (const journal of ["-journal", ""]) rmSync(target + journal, { force: true });
    }
  }
}

/** Copies a file, and finds out what it holds. @param target where none is yet. */
export async function copyHashed(
  source: string,
  target: string,
  signal: AbortSignal,
): Promise<{ hash: string; bytes: number }> {
  await using file = await open(target, "wx", 0o600);
  return await hashOf(source, signal, (chunk) => file.appendFile(chunk));
}

/** The hash of a file. @param onChunk given each part of it; the next one is read when it has ended. */
export async function hashOf(
  file: string,
  signal: AbortSignal,
  onChunk: (chunk: Buffer) => Promise<void> | void = () => {},
): Promise<{ hash: string; bytes: number }> {
  const hash = createHash("sha256");
  await using opened = await open(file, "r");
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let bytes = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await opened.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return { hash: hash.digest("hex"), bytes };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await onChunk(chunk);
    bytes += bytesRead;
  }
}

async function copyDatabase(source: string, target: string, signal: AbortSignal): Promise<void> {
  const database = new Sqlite(source, { readonly: true, fileMustExist: true });
  try {
    const deadlineMs = performance.now() + LOCKED_MS_MAX;
    const progress = (): number => {
      signal.throwIfAborted();
      if (performance.now() < deadlineMs) return ALL_PAGES;
      throw new Error(`another program has had it to itself for ${LOCKED_MS_MAX / 1_000} s`);
    };
    await database.backup(target, { progress });
  } finally {
    database.close();
  }
}

/** The copy of a database with a write-ahead log asks for one, too. Without it the copy can be read where nothing can be written. */
function closeLog(file: string): { application: number; version: number } {
  const database = new Sqlite(file);
  try {
    database.pragma("journal_mode = DELETE");
    return {
      application: database.pragma("application_id", { simple: true }) as number,
      version: database.pragma("user_version", { simple: true }) as number,
    };
  } finally {
    database.close();
  }
}

export function fsyncFile(file: string): void {
  const descriptor = openSync(file, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
