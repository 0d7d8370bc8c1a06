import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf, errorCode, errorMessage, Fault, fsyncFolderOf } from "@weir/runtime";
import { z } from "zod";

/** The format of snapshots that this program writes, and the newest that it reads. */
const FORMAT = 1;

/** Nothing that leads out of the place that a snapshot is restored to. */
const PATH = /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\0]{1,1000}$/s;
const HASH = /^[0-9a-f]{64}$/;

const fileSchema = z.strictObject({
  /** The name of its part of the suite, and its path in there: `store/weir.db`. */
  path: z.string().regex(PATH),
  bytes: z.int().min(0),
  modifiedMs: z.number(),
  /** The rights of its owner, group and others. */
  mode: z.int().min(0).max(0o777),
  /** SHA-256 of what it holds, by which it is found in the folder `files`. */
  hash: z.string().regex(HASH),
  /** What SQLite's header says of a database; `null` for other files. */
  database: z.strictObject({ application: z.int(), version: z.int() }).nullable(),
});

const snapshotSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** The version of Weir that made it. */
  weir: z.string(),
  begun: z.iso.datetime(),
  ended: z.iso.datetime(),
  /** Where each part of the suite was. */
  parts: z.record(z.string(), z.string()),
  files: z.array(fileSchema),
});

/** One file of a suite, as it was. */
export type SnapshotFile = z.infer<typeof fileSchema>;

/** All files of a suite, as they were together. */
export type Snapshot = z.infer<typeof snapshotSchema>;

/** What all files of a snapshot hold together. */
export function bytesOf(files: readonly SnapshotFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

const NAME = /^\d{8}T\d{6}\.\d{3}Z$/;
const SUFFIX = ".json";

/** The name of a snapshot by the time at which it was begun: `20261128T040000.123Z`. */
export function snapshotName(begunMs: number): string {
  return new Date(begunMs).toISOString().replaceAll(/[-:]/g, "");
}

const folderOf = (folder: string): string => join(folder, "snapshots");
const fileOf = (folder: string, name: string): string => join(folderOf(folder), name + SUFFIX);

/** When a snapshot was begun, in milliseconds since the epoch. @param name as `snapshotNames` has it. */
export function snapshotBegunMs(name: string): number {
  return Date.parse(name.replace(/^(.{4})(..)(.{5})(..)/, "$1-$2-$3:$4:"));
}

/** The names of the snapshots of a folder of backups, the oldest first. */
export function snapshotNames(folder: string): string[] {
  return entriesOf(folderOf(folder))
    .filter((entry) => entry.endsWith(SUFFIX))
    .map((entry) => entry.slice(0, -SUFFIX.length))
    .filter((name) => NAME.test(name))
    .sort();
}

/** @throws Fault when there is none of this name, or it cannot be read. */
export function readSnapshot(folder: string, name: string): Snapshot {
  const file = fileOf(folder, name);
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    refuseNewer(file, content);
    const parsed = snapshotSchema.safeParse(content);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join(".")}: ${issue?.message}`);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    if (errorCode(cause) === "ENOENT") {
      throw new Fault(`${folder} has no snapshot ${name}`, {
        remedy: `weir restore ${folder} --list shows which it has.`,
      });
    }
    throw new Fault(`${file} is no snapshot: ${errorMessage(cause)}`, {
      remedy: "Take an older one, or copy the folder of backups here once more.",
      cause,
    });
  }
}

function refuseNewer(file: string, content: unknown): void {
  const format =
    typeof content === "object" && content !== null && "format" in content ? content.format : null;
  if (typeof format !== "number" || format <= FORMAT) return;
  throw new Fault(`${file} has format ${format}; this version of Weir reads up to ${FORMAT}`, {
    remedy: "Use the version of Weir that made it, or a newer one.",
  });
}

/**
 * Writes a snapshot, so that it is there as a whole or not at all.
 *
 * @throws Fault for a file with a name that no snapshot may have.
 */
export function writeSnapshot(
  folder: string,
  name: string,
  content: Omit<Snapshot, "format">,
): void {
  const unnameable = content.files.find(({ path }) => !PATH.test(path));
  if (unnameable !== undefined) {
    throw new Fault(`the name of ${unnameable.path} is too long, or has a backslash`, {
      remedy: "Give that file another name, or move it out of the folder of the configuration.",
    });
  }
  const file = fileOf(folder, name);
  mkdirSync(folderOf(folder), { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify({ format: FORMAT, ...content }, null, 1)}\n`;
  writeFileSync(`${file}.writing`, text, { flush: true, mode: 0o600 });
  renameSync(`${file}.writing`, file);
  fsyncFolderOf(file);
  fsyncFolderOf(folderOf(folder));
}

/** Removes the list; the contents stay until no other one needs them. */
export function removeSnapshot(folder: string, name: string): void {
  rmSync(fileOf(folder, name), { force: true });
}
