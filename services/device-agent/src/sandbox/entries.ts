import { randomBytes } from "node:crypto";
import { type BigIntStats, lstatSync, opendirSync, rmSync } from "node:fs";
import { lstat, opendir, unlink } from "node:fs/promises";
import { errorCode } from "@weir/fault";
import type { HeldFolder } from "./held-folder.ts";
import type { Removed } from "./sandbox.ts";

const OWN = /^weir-[0-9a-f]{16}\.out(\.partial)?$/;
const LIKE_OWN = /^weir-.*\.out(\.partial)?$/;
const PARTIAL = ".partial";

/** A name that nobody can foresee. */
export function newName(): string {
  return `weir-${randomBytes(8).toString("hex")}.out`;
}

/** What a file is called while it is written. Its name at the end is another one: so nobody can be there before. */
export function newPartialName(): string {
  return newName() + PARTIAL;
}

/** Something that lies in the sandbox. */
interface Entry {
  name: string;
  isFile: boolean;
  isOwn: boolean;
  bytes: number;
}

/** Counts all files that lie there, whosever they are. */
export async function measure(folder: HeldFolder): Promise<{ files: number; bytes: number }> {
  const sum = { files: 0, bytes: 0 };
  for await (const { isFile, bytes } of entriesOf(folder)) {
    if (!isFile) continue;
    sum.files += 1;
    sum.bytes += bytes;
  }
  return sum;
}

/** Removes what was made here, one file after the other: what is none of ours stays. */
export async function removeOwn(folder: HeldFolder): Promise<Removed> {
  const removed: Removed = { files: 0, bytes: 0, leftAlone: 0 };
  for await (const { name, isOwn, bytes } of entriesOf(folder)) {
    if (isOwn) {
      await unlink(folder.fileOf(name));
      removed.files += 1;
      removed.bytes += bytes;
    } else if (LIKE_OWN.test(name)) {
      removed.leftAlone += 1;
    }
  }
  return removed;
}

/** Removes what a run that was killed had begun to write. */
export function removeLeftovers(folder: HeldFolder): void {
  using entries = opendirSync(folder.path);
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const { name } = entry;
    if (!name.endsWith(PARTIAL)) continue;
    const stats = lstatSync(folder.fileOf(name), { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined && isOwn({ name, stats, folder })) rmSync(folder.fileOf(name));
  }
}

async function* entriesOf(folder: HeldFolder): AsyncGenerator<Entry> {
  for await (const { name } of await opendir(folder.path)) {
    const stats = await statsOf(folder.fileOf(name));
    if (stats === null) continue;
    const bytes = Number(stats.size);
    yield { name, isFile: stats.isFile(), isOwn: isOwn({ name, stats, folder }), bytes };
  }
}

/** A file of a name that we give, itself and not a link to it, which has no second name elsewhere. */
function isOwn(given: { name: string; stats: BigIntStats; folder: HeldFolder }): boolean {
  const { name, stats, folder } = given;
  const isPlain = stats.isFile() && stats.nlink === 1n && stats.dev === folder.identity.dev;
  return OWN.test(name) && isPlain;
}

async function statsOf(file: string): Promise<BigIntStats | null> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    // Someone has removed it since the folder was read.
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}
