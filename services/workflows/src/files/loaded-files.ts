import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type FlowDefinition, type ParsedFile, parseWorkflowFile } from "@weir/flows";
import { ConfigurationFault, readingProblem } from "@weir/runtime";
import { readStored } from "./stored-file.ts";

/** Workflow files of the folder at most. */
export const FILES_MAX = 500;
export const FILE_NAME = /^[\w-]{1,64}$/;

/** A file of the folder, read. */
interface LoadedFile {
  /** Its name without `.yaml`. */
  file: string;
  revision: string;
  /** Those that run or are switched off. One that is wrong now is here as it was before, if it was. */
  flows: readonly FlowDefinition[];
  /** Names of workflows that are not valid. Not those whose names another file has. */
  invalid: readonly string[];
  /** A line for each: file, line, place, value and remedy. */
  problems: readonly string[];
  /** What was found in the file alone: as long as its revision is the same it is not read again. */
  own: Omit<ParsedFile, "content"> | null;
}

export interface LoadedFiles {
  files: readonly LoadedFile[];
  /** The workflows of all files: no two have the same name. */
  flows: readonly FlowDefinition[];
  /** What is wrong with the folder itself. */
  problems: readonly string[];
}

export const NOTHING_LOADED: LoadedFiles = { files: [], flows: [], problems: [] };

/** What is in a folder, as far as it can be said without reading files. */
export interface Listing {
  /** Names of workflow files without `.yaml`, in order; `null` where the folder cannot be read. */
  files: readonly string[] | null;
  problems: readonly string[];
  /** Changes when a file does. */
  stamp: string;
}

/** Lists a folder. */
export function listFolder(folder: string): Listing {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const problem = `${folder}: it cannot be read: ${readingProblem(error, folder)}`;
    return { files: null, problems: [problem], stamp: "" };
  }
  const names = entries.map(({ name }) => name).sort();
  const problems: string[] = [];
  const files: string[] = [];
  for (const name of names) {
    const [, file = "", ending] = /^(.+)\.(ya?ml)$/.exec(name) ?? [];
    if (file === "") continue;
    if (ending === "yml") problems.push(`${join(folder, name)}: rename it to ${file}.yaml`);
    else if (FILE_NAME.test(file)) files.push(file);
    else problems.push(`${join(folder, name)}: its name may have letters, digits, _ and - only`);
  }
  if (files.length > FILES_MAX) {
    const words = `there are ${files.length} files; only the first ${FILES_MAX} are read. Put several workflows into one`;
    problems.push(`${folder}: ${words}`);
  }
  const stamps = names
    .filter((name) => name.endsWith(".yaml") || name.endsWith(".layout.json"))
    .map((name) => stampOf(join(folder, name)));
  return { files: files.slice(0, FILES_MAX), problems, stamp: stamps.join("\n") };
}

function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return `${path} ${stats?.ino} ${stats?.size} ${stats?.mtimeNs} ${stats?.ctimeNs}`;
}

/**
 * Reads the files of a folder.
 *
 * @param before what was read the last time: a workflow that has become wrong goes on as it was.
 */
export function loadFiles(folder: string, listing: Listing, before: LoadedFiles): LoadedFiles {
  // A folder that is away for a moment must not end its workflows; before the first file there need be none.
  if (listing.files === null) {
    return {
      ...before,
      problems: existsSync(folder) || before.files.length > 0 ? listing.problems : [],
    };
  }
  const known = new Map(before.files.map((file) => [file.file, file]));
  const owners = new Map<string, string>();
  const files = listing.files
    .map((file) => loadFile(folder, file, known.get(file)))
    .filter((file) => file !== null)
    .map((file) => withoutOthers(file, owners));
  return { files, flows: files.flatMap(({ flows }) => flows), problems: listing.problems };
}

function loadFile(folder: string, file: string, before?: LoadedFile): LoadedFile | null {
  const former = before?.flows ?? [];
  try {
    const stored = readStored(folder, file);
    if (stored === null) return null;
    const isSame = before?.revision === stored.revision;
    const own = (isSame ? before.own : null) ?? readFlows(stored.text, file);
    const { flows, invalid, problems } = own;
    const isNoYaml = problems.length > 0 && invalid.length === 0;
    const kept = former.filter(({ name }) => isNoYaml || invalid.includes(name));
    return {
      ...{ file, revision: stored.revision, flows: [...flows, ...kept] },
      ...{ invalid, problems, own },
    };
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    return { file, revision: "", flows: former, invalid: [], problems: error.problems, own: null };
  }
}

function readFlows(text: string, file: string): NonNullable<LoadedFile["own"]> {
  const { flows, invalid, problems } = parseWorkflowFile(text, file);
  return { flows, invalid, problems };
}

/** Without workflows whose names an earlier file has. */
function withoutOthers(file: LoadedFile, owners: Map<string, string>): LoadedFile {
  const taken = file.flows.filter(({ name }) => owners.has(name));
  for (const { name } of file.flows) if (!owners.has(name)) owners.set(name, file.file);
  if (taken.length === 0) return file;
  const lines = taken.map(({ name }) => nameTaken(file.file, name, owners.get(name) ?? ""));
  return {
    ...file,
    flows: file.flows.filter((flow) => !taken.includes(flow)),
    problems: [...file.problems, ...lines],
  };
}

/** @param owner the file that has the name. */
export function nameTaken(file: string, flow: string, owner: string): string {
  return `${file}.yaml: flows.${flow}: ${owner}.yaml has a workflow of this name, too; rename one of them`;
}
