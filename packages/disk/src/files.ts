import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, errorMessage, Fault } from "@weir/runtime";
import type { StreamPlace } from "@weir/store";

/**
 * What a file holds: messages in SQLite, the same as Parquet, points, what was set aside because it is damaged or
 * deleted, and the rest (locks, ballasts, files that are being made).
 */
type FileKind = "rows" | "archive" | "history" | "setAside" | "other";

/** Files of one kind. */
export interface FileSum {
  files: number;
  bytes: number;
}

/** One segment of a stream, by its name: with its log, and as Parquet once it is archived. */
export interface SegmentUse {
  /** When it was begun, in microseconds since the epoch. */
  beganUs: number;
  bytes: number;
  isArchived: boolean;
}

/** What lies on the disk of one stream. */
export interface StreamFiles {
  sums: Readonly<Record<FileKind, FileSum>>;
  /** In order; none for a stream that is one file. */
  segments: readonly SegmentUse[];
}

interface FoundFile {
  path: string;
  name: string;
  bytes: number;
}

/**
 * Adds up the files of a stream. What is removed meanwhile is left out.
 *
 * @param historyFolder that of the stream's points.
 */
export function measureStream(place: StreamPlace, historyFolder: string): StreamFiles {
  const stored = place.kind === "file" ? filesBeside(place.file) : filesIn(place.folder);
  const points = filesIn(historyFolder);
  const sums = noFiles();
  for (const { name, bytes } of stored) add(sums[kindOf(name, "archive")], bytes);
  for (const { name, bytes } of points) add(sums[kindOf(name, "history")], bytes);
  return { sums, segments: place.kind === "file" ? [] : segmentsOf(stored) };
}

/** The index file with its log, and what of it was set aside. */
export function measureIndex(file: string): { bytes: number; setAside: FileSum } {
  const sums = noFiles();
  for (const { name, bytes } of filesBeside(file)) add(sums[kindOf(name, "archive")], bytes);
  return { bytes: sums.rows.bytes, setAside: sums.setAside };
}

/** Streams that have files and are not configured any more: their folders, and what these hold. */
export function measureLeftovers(
  storeFolder: string,
  known: { folders: ReadonlySet<string>; streams: ReadonlySet<string> },
): { folder: string; bytes: number }[] {
  const streams = foldersIn(storeFolder)
    .map((name) => join(storeFolder, name))
    .filter((folder) => !known.folders.has(folder) && hasFile(join(folder, "stream.lock")));
  const points = foldersIn(join(storeFolder, HISTORY)).filter(
    (name) => !known.streams.has(name.replace(/^stream=/, "")),
  );
  return [...streams, ...points.map((name) => join(storeFolder, HISTORY, name))].map((folder) => ({
    folder,
    bytes: filesIn(folder).reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}

const HISTORY = "history";

/** Where the points of a stream are. @param storeFolder that of `DB_FILE`. */
export function historyFolderOf(storeFolder: string, stream: string): string {
  return join(storeFolder, HISTORY, `stream=${stream}`);
}

/** @param parquet what a file of Parquet is here. */
function kindOf(name: string, parquet: "archive" | "history"): FileKind {
  if (SET_ASIDE.test(name)) return "setAside";
  if (name.endsWith(".parquet")) return parquet;
  return OTHERS.test(name) ? "other" : "rows";
}

/** Damaged files are kept under another name, and so is what can still be restored after a deletion. */
const SET_ASIDE = /\.(damaged|hidden)(-|\.|$)/;

/** What lies beside a store or a segment and holds no messages. */
const OTHERS = /\.(lock|lock-journal|ballast|session|original|suspect|making|old)(-\w+)?$/;

const SEGMENT =
  /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})(\d{3})Z\.(db|db-wal|db-shm|db-journal|parquet)$/;

function segmentsOf(files: readonly FoundFile[]): SegmentUse[] {
  const segments = new Map<number, SegmentUse>();
  for (const { name, bytes } of files) {
    const match = SEGMENT.exec(name);
    if (match === null) continue;
    const [, year, month, day, hour, minute, second, ms, us, form] = match;
    const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
    const beganUs = Date.parse(time) * 1_000 + Number(us);
    const known = segments.get(beganUs) ?? { beganUs, bytes: 0, isArchived: true };
    known.bytes += bytes;
    // While both are there, the database counts.
    if (form === "db") known.isArchived = false;
    segments.set(beganUs, known);
  }
  return [...segments.values()].sort((one, other) => one.beganUs - other.beganUs);
}

function noFiles(): Record<FileKind, FileSum> {
  const none = (): FileSum => ({ files: 0, bytes: 0 });
  return { rows: none(), archive: none(), history: none(), setAside: none(), other: none() };
}

function add(sum: FileSum, bytes: number): void {
  sum.files += 1;
  sum.bytes += bytes;
}

/** A file, and those whose names begin with its name: its log, its lock. */
function filesBeside(file: string): FoundFile[] {
  const own = basename(file);
  return foundIn(dirname(file)).filter(
    ({ name }) => name === own || name.startsWith(`${own}-`) || name.startsWith(`${own}.`),
  );
}

/** Every file of a folder and of the folders in it. */
function filesIn(folder: string): FoundFile[] {
  return [folder, ...foldersIn(folder).map((name) => join(folder, name))].flatMap(foundIn);
}

function foundIn(folder: string): FoundFile[] {
  const found: FoundFile[] = [];
  for (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const bytes = statSync(path, { throwIfNoEntry: false })?.size;
    if (bytes !== undefined) found.push({ path, name: entry.name, bytes });
  }
  return found;
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

const hasFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/** A folder may be missing, or be removed meanwhile. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw new Fault(`${folder} cannot be read: ${errorMessage(error)}`, {
      remedy: "Run it as a user who may read the store.",
      cause: error,
    });
  }
}
