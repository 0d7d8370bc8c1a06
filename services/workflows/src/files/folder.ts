import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  checkText,
  editWorkflows,
  type FlowDefinition,
  notesOf,
  type ParsedFile,
  type StoredSeries,
} from "@weir/flows";
import type {
  CheckedText,
  CheckRequest,
  FlowNote,
  SaveRequest,
  WorkflowFile,
  Workflows,
} from "@weir/flows/contract";
import {
  type Clock,
  ConfigurationFault,
  errorCode,
  errorMessage,
  parseYaml,
  RequestFault,
} from "@weir/runtime";
import {
  FILES_MAX,
  type LoadedFiles,
  listFolder,
  loadFiles,
  NOTHING_LOADED,
  nameTaken,
} from "./loaded-files.ts";
import { readStored, removeStored, type StoredFile, writeStored } from "./stored-file.ts";

const LOOK_MS = 1_000;
const FILE_BYTES_MAX = 1024 * 1024;

/** The folder of the workflow files: reads them, looks whether they change, and saves them. */
export class WorkflowFolder {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #storedSeries: () => StoredSeries | null;
  /** By what was read of a file: as long as the series are the same, its notes are. */
  readonly #notes = new WeakMap<object, { stored: StoredSeries | null; notes: FlowNote[] }>();
  readonly #listeners = new Set<(loaded: LoadedFiles) => void>();
  #loaded = NOTHING_LOADED;
  /** Of what was loaded, and of what was seen and may still be being written. */
  #stamps = { loaded: "", seen: "" };

  /** @param storedSeries `null` where nothing is known of them. */
  constructor(folder: string, clock: Clock, storedSeries: () => StoredSeries | null = () => null) {
    this.folder = resolve(folder);
    this.#clock = clock;
    this.#storedSeries = storedSeries;
  }

  /** What was read the last time. */
  get loaded(): LoadedFiles {
    return this.#loaded;
  }

  /** Whether files can be saved there. */
  get isWritable(): boolean {
    let existing = this.folder;
    while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
    try {
      accessSync(existing, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  /** The files as they were read the last time, each with what may not be meant in it. */
  files(): Workflows["files"] {
    const stored = this.#storedSeries();
    return this.#loaded.files.map(({ file, revision, problems, own }) => {
      const notes = own === null ? [] : this.#notesOf(own, stored);
      return { file, revision, problems: [...problems], notes };
    });
  }

  /** Reads the files. */
  load(): LoadedFiles {
    const listing = listFolder(this.folder);
    this.#stamps = { loaded: listing.stamp, seen: listing.stamp };
    this.#loaded = loadFiles(this.folder, listing, this.#loaded);
    return this.#loaded;
  }

  /** Calls back with all files when some have changed: at once when they were saved here, otherwise after a second without a change. */
  watch(onChange: (loaded: LoadedFiles) => void): Disposable {
    this.#listeners.add(onChange);
    const looking = this.#clock.repeat(LOOK_MS, () => this.#look());
    return {
      [Symbol.dispose]: () => {
        looking[Symbol.dispose]();
        this.#listeners.delete(onChange);
      },
    };
  }

  /** @throws RequestFault where there is no such file. */
  read(file: string): WorkflowFile {
    const { text, layout, revision } = this.#stored(file) ?? noSuchFile(file);
    return { ...this.#checked(text, file), file, layout, revision };
  }

  /** The text of a file; `null` where there is none. @throws RequestFault where it cannot be read. */
  textOf(file: string): string | null {
    return this.#stored(file)?.text ?? null;
  }

  /**
   * Checks a text; with workflows, writes them into it first.
   *
   * @throws RequestFault for a text that they cannot be written into.
   */
  check({ file, text, flows }: CheckRequest): CheckedText {
    if (flows === undefined) return this.#checked(text, file);
    try {
      parseYaml(text, `${file}.yaml`);
      return this.#checked(editWorkflows(text, flows), file);
    } catch (error) {
      const lines = error instanceof ConfigurationFault ? error.problems : [errorMessage(error)];
      throw wrongText(lines, "Correct the text first, then change the workflows.");
    }
  }

  /**
   * Writes a file. Workflows that were not valid before may stay so; no others may become it.
   *
   * @throws RequestFault for a text that is wrong, when another one was saved meanwhile, and when it cannot be written.
   */
  save(file: string, { text, layout, revision }: SaveRequest): WorkflowFile {
    const before = this.#stored(file);
    refuseOther(file, before, revision);
    const bytes = Buffer.byteLength(text);
    if (bytes > FILE_BYTES_MAX) {
      const line = `it has ${bytes} bytes; a file has at most ${FILE_BYTES_MAX}`;
      throw wrongText([line], "Put some of its workflows into another file.");
    }
    if (before === null && this.#loaded.files.length >= FILES_MAX) {
      const line = `there are ${FILES_MAX} files`;
      throw wrongText([line], "Put the workflows into one of them.");
    }
    const checked = this.#checked(text, file);
    const { invalid, problems } = checked;
    if (problems.length > 0) {
      const wasInvalid = before === null ? [] : this.#checked(before.text, file).invalid;
      if (invalid.length === 0 || invalid.some((name) => !wasInvalid.includes(name))) {
        throw wrongText(problems, "Correct it, and save it again: nothing was saved.");
      }
    }
    this.#writing(() => writeStored(this.folder, file, { text, layout }));
    this.#reload();
    const { layout: boxes, revision: saved } = this.#stored(file) ?? noSuchFile(file);
    return { ...checked, file, layout: boxes, revision: saved };
  }

  /** Removes a file and its layout. @throws RequestFault as `save` does. */
  remove(file: string, revision: string): void {
    const before = this.#stored(file) ?? noSuchFile(file);
    refuseOther(file, before, revision);
    this.#writing(() => removeStored(this.folder, file));
    this.#reload();
  }

  /** Switches a workflow on or off in its file. @throws RequestFault as `save` does, and where there is none. */
  enable(flow: string, isEnabled: boolean): void {
    const file = this.find(flow)?.file ?? noSuchFlow(flow);
    const { text, flows, layout, revision } = this.read(file);
    const changed = flows.map((one) => (one.name === flow ? { ...one, isEnabled } : one));
    const edited = this.check({ file, text, flows: changed });
    this.save(file, { text: edited.text, layout, revision });
  }

  /** @returns `null` where there is no valid workflow of this name. */
  find(flow: string): FlowDefinition | null {
    return this.#loaded.flows.find(({ name }) => name === flow) ?? null;
  }

  #look(): void {
    const { stamp } = listFolder(this.folder);
    // A file that has just changed may be written only in part.
    const isSettled = stamp === this.#stamps.seen;
    this.#stamps.seen = stamp;
    if (isSettled && stamp !== this.#stamps.loaded) this.#reload();
  }

  #reload(): void {
    const loaded = this.load();
    for (const listener of this.#listeners) listener(loaded);
  }

  #notesOf(own: Pick<ParsedFile, "flows">, stored: StoredSeries | null): FlowNote[] {
    const before = this.#notes.get(own);
    if (before?.stored === stored) return before.notes;
    const notes = notesOf(own.flows, stored);
    this.#notes.set(own, { stored, notes });
    return notes;
  }

  #checked(text: string, file: string): CheckedText {
    const checked = checkText(text, file, this.#storedSeries());
    const others = this.#loaded.files.filter((other) => other.file !== file);
    for (const { name } of checked.flows) {
      const owner = others.find(({ flows }) => flows.some((flow) => flow.name === name));
      if (owner === undefined) continue;
      if (!checked.invalid.includes(name)) checked.invalid.push(name);
      checked.problems.push(nameTaken(file, name, owner.file));
    }
    return checked;
  }

  #stored(file: string): StoredFile | null {
    try {
      return readStored(this.folder, file);
    } catch (error) {
      if (!(error instanceof ConfigurationFault)) throw error;
      throw new RequestFault(
        503,
        error.problems.map((problem) => problemOf("file", file, problem, "Repair it.")),
      );
    }
  }

  /** @throws RequestFault that says what to do about a folder that cannot be written. */
  #writing(write: () => void): void {
    try {
      write();
    } catch (error) {
      const problem = `${this.folder} cannot be written: ${errorMessage(error)}`;
      const isFull = errorCode(error) === "ENOSPC" || errorCode(error) === "EDQUOT";
      const owner = `chown -R ${process.getuid?.() ?? "<user>"} ${this.folder}`;
      const remedy = isFull
        ? "Free some disk space, and save it again: nothing was saved."
        : `Make the folder writable for the user of this service (${owner}), or name another one in WORKFLOWS_FOLDER.`;
      throw new RequestFault(503, [problemOf("folder", this.folder, problem, remedy)]);
    }
  }
}

function refuseOther(file: string, before: StoredFile | null, revision: string | null): void {
  const found = before?.revision ?? null;
  if (found === revision) return;
  if (revision === null) {
    const problem = problemOf("file", file, "there is such a file already", "Take another name.");
    throw new RequestFault(409, [problem]);
  }
  const words =
    found === null ? "the file was removed meanwhile" : "the file was changed meanwhile";
  const remedy = "Load it again, and repeat the change: nothing was saved.";
  throw new RequestFault(409, [problemOf("revision", revision, words, remedy)]);
}

function wrongText(lines: readonly string[], remedy: string): RequestFault {
  return new RequestFault(
    400,
    lines.map((line) => problemOf("text", null, line, remedy)),
  );
}

function noSuchFile(file: string): never {
  const problem = problemOf(
    "file",
    file,
    "there is no such file",
    "The list of workflows has them: weir workflows list.",
  );
  throw new RequestFault(404, [problem]);
}

/** @throws RequestFault that there is no such workflow. */
export function noSuchFlow(flow: string): never {
  const words = "there is no valid workflow of this name";
  throw new RequestFault(404, [
    problemOf("flow", flow, words, "The list of workflows has them: weir workflows list."),
  ]);
}

function problemOf(field: string, value: string | null, problem: string, remedy: string) {
  return { field, value, problem, remedy };
}
