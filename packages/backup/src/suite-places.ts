import { statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { entriesOf, Fault } from "@weir/runtime";
import { historyFolderOf, indexFileOf } from "@weir/series";
import { deletionsFileOf, type StreamPlace } from "@weir/store";

/** Where a suite keeps its files. */
export interface SuitePlaces {
  storeFile: string;
  /** The publisher's. */
  outboxFile: string;
  deviceFolder: string;
  dashboardFile: string;
  workflowsFile: string;
  streams: readonly { name: string; place: StreamPlace }[];
  /** Folders of what users write themselves, by the names that snapshots have for them. */
  configFolders: Readonly<Record<string, string>>;
  /** What lies in these stays where it is. */
  secretFolders: readonly string[];
}

/** A part of a suite. Snapshots name its files behind its name. */
interface Part {
  /** Its folder; or its only file, which snapshots call `only`. */
  root: string;
  only: string | null;
}

/** A file of a suite. */
export interface SuiteFile {
  /** As snapshots have it. */
  path: string;
  /** Where it is. */
  file: string;
  isDatabase: boolean;
}

const OUTSIDE = "stream=";

/** All parts of a suite by their names. */
export function partsOf(places: SuitePlaces): Map<string, Part> {
  const storeFolder = dirname(resolve(places.storeFile));
  const folder = (root: string): Part => ({ root: resolve(root), only: null });
  const file = (root: string, only: string): Part => ({ root: resolve(root), only });
  const parts = new Map<string, Part>([
    ["outbox", file(places.outboxFile, "outbox.db")],
    ["device", folder(places.deviceFolder)],
    ["dashboard", file(places.dashboardFile, "dashboard.db")],
    ["workflows", file(places.workflowsFile, "workflows.db")],
    ["store", folder(storeFolder)],
  ]);
  for (const { name, place } of places.streams) {
    if (place.kind === "folder" && !isIn(storeFolder, place.folder)) {
      parts.set(OUTSIDE + name, folder(place.folder));
    }
  }
  for (const [name, root] of Object.entries(places.configFolders)) parts.set(name, folder(root));
  return parts;
}

/** Whether a path is a folder, or in it. */
export function isIn(folder: string, path: string): boolean {
  const [outer, inner] = [resolve(folder), resolve(path)];
  return outer === inner || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** Outboxes and journals: what is taken from them later is in the rows. */
export function senderFiles({ outboxFile, deviceFolder }: SuitePlaces): SuiteFile[] {
  const ofDevice = (name: string, isDatabase: boolean): SuiteFile => ({
    path: `device/${name}`,
    file: join(deviceFolder, name),
    isDatabase,
  });
  return [
    { path: "outbox/outbox.db", file: outboxFile, isDatabase: true },
    ofDevice("journal.db", true),
    ofDevice("outbox.db", true),
    ofDevice("memory.json", false),
  ];
}

/** What services know beside the rows, and up to which row they have read them. */
export function serviceFiles({
  dashboardFile,
  workflowsFile,
  storeFile,
}: SuitePlaces): SuiteFile[] {
  const published = join(dirname(storeFile), "published.db");
  return [
    { path: "dashboard/dashboard.db", file: dashboardFile, isDatabase: true },
    { path: "workflows/workflows.db", file: workflowsFile, isDatabase: true },
    { path: "store/published.db", file: published, isDatabase: true },
  ];
}

export function indexOf({ storeFile }: SuitePlaces): SuiteFile {
  return { path: "store/index.db", file: indexFileOf(storeFile), isDatabase: true };
}

/** A file of points. @param path in the folder of the history. */
export function pointsFile({ storeFile }: SuitePlaces, path: string): SuiteFile {
  const file = join(historyFolderOf(indexFileOf(storeFile)), path);
  return { path: `store/history/${path}`, file, isDatabase: false };
}

/** The list of deletions, what the logger knows of its session, and what was set aside. */
export function filesBesideStore({ storeFile }: SuitePlaces): SuiteFile[] {
  const folder = dirname(storeFile);
  const deletions = basename(deletionsFileOf(storeFile));
  const owners = [basename(storeFile), basename(indexFileOf(storeFile)), deletions];
  return entriesOf(folder)
    .filter(
      (name) =>
        name === deletions || (SET_ASIDE.test(name) && owners.some((one) => name.startsWith(one))),
    )
    .map((name) => ({ path: `store/${name}`, file: join(folder, name), isDatabase: false }));
}

const SET_ASIDE = /\.(session|original)$|\.damaged-/;

/** The rows of one stream: a file, or a folder of segments. */
export interface RowsPlace {
  /** As snapshots have it. */
  path: string;
  place: StreamPlace;
}

/** Where the rows of all streams are, those included that are not configured any more. */
export function rowsPlaces({ storeFile, streams }: SuitePlaces): RowsPlace[] {
  const storeFolder = dirname(resolve(storeFile));
  const found = new Map<string, RowsPlace>();
  const add = (path: string, place: StreamPlace): void => {
    const key = resolve(place.kind === "file" ? place.file : place.folder);
    if (!found.has(key)) found.set(key, { path, place });
  };
  // The stream data may be taken out, or be in a folder now.
  add(`store/${basename(storeFile)}`, { kind: "file", file: storeFile });
  for (const { name, place } of streams) {
    if (place.kind === "file") continue;
    const inside = relative(storeFolder, resolve(place.folder)).split(sep).join("/");
    const path = isIn(storeFolder, place.folder) ? `store/${inside}` : OUTSIDE + name;
    add(path.replace(/\/$/, ""), place);
  }
  for (const name of entriesOf(storeFolder)) {
    const folder = join(storeFolder, name);
    if (entriesOf(folder).includes("stream.lock")) add(`store/${name}`, { kind: "folder", folder });
  }
  return [...found.values()];
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const SEGMENT = /^(?<name>.+Z)(?<kind>\.db|\.parquet|\.parquet\.hidden|\.db.*\.damaged-.*)$/;

/** The files of a stream's rows; of a segment in both forms the database. */
export function rowsFiles({ path, place }: RowsPlace): SuiteFile[] {
  if (place.kind === "file") return [{ path, file: place.file, isDatabase: true }];
  return entriesOf(place.folder)
    .filter((day) => DAY.test(day))
    .sort()
    .flatMap((day) => segmentFiles(`${path}/${day}`, join(place.folder, day)));
}

function segmentFiles(path: string, folder: string): SuiteFile[] {
  const names = entriesOf(folder).sort();
  const isDouble = (name: string) =>
    name.endsWith(".parquet") && names.includes(name.replace(/\.parquet$/, ".db"));
  return names
    .filter((name) => SEGMENT.test(name) && !isDouble(name))
    .map((name) => ({
      path: `${path}/${name}`,
      file: join(folder, name),
      isDatabase: name.endsWith(".db"),
    }));
}

/** What lies in the folders of a configuration at most: otherwise it is another folder than was meant. */
const CONFIG_FILES_MAX = 2_000;
const CONFIG_BYTES_MAX = 64 * 1024 * 1024;

/** @throws Fault for a folder with so much in it that it must be another one. */
export function configFiles({ configFolders, secretFolders }: SuitePlaces): SuiteFile[] {
  const isLeftOut = (path: string): boolean =>
    NOT_CONFIG_FOLDERS.has(basename(path)) || secretFolders.some((folder) => isIn(folder, path));
  const folders = Object.entries(configFolders);
  const isInAnother = (root: string, at: number): boolean =>
    folders.some(
      ([, other], place) => place !== at && isIn(other, root) && (place < at || !isIn(root, other)),
    );
  return folders.flatMap(([part, root], at) => {
    if (isInAnother(root, at)) return [];
    const found: SuiteFile[] = [];
    let bytes = 0;
    const look = (folder: string, path: string): void => {
      for (const name of entriesOf(folder).sort()) {
        const file = join(folder, name);
        const stats = statSync(file, { throwIfNoEntry: false });
        if (stats?.isDirectory() && !isLeftOut(file)) look(file, `${path}/${name}`);
        if (!stats?.isFile() || NOT_CONFIG.test(name)) continue;
        found.push({ path: `${path}/${name}`, file, isDatabase: false });
        bytes += stats.size;
        if (found.length > CONFIG_FILES_MAX || bytes > CONFIG_BYTES_MAX) throw tooMuch(root);
      }
    };
    look(root, part);
    return found;
  });
}

/** Databases are parts of their own, settings in the environment may be secret, and what each clone has comes with it. */
const NOT_CONFIG =
  /^\.env|\.(db|sqlite|lock|ballast|writing|making)(-\w+)?$|~$|^(weir|agent)\.example\.yaml$|^(weir|agent|workflows)\.schema\.json$|^README\.md$/;
const NOT_CONFIG_FOLDERS: ReadonlySet<string> = new Set(["secrets", "examples", ".git"]);

function tooMuch(folder: string): Fault {
  const limit = `${CONFIG_FILES_MAX} files or ${CONFIG_BYTES_MAX / 1024 / 1024} MiB`;
  return new Fault(`${folder}, the folder of a configuration, holds more than ${limit}`, {
    remedy:
      "Put weir.yaml, agent.yaml and the workflows into a folder of their own, and name them in WEIR_FILE, AGENT_FILE and WORKFLOWS_FOLDER.",
  });
}
