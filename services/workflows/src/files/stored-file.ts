import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { formatLayout, parseLayout } from "@weir/flows";
import type { Layout } from "@weir/flows/contract";
import { fsyncFolderOf, readTextFile } from "@weir/runtime";

/** A workflow file as it lies in the folder. */
export interface StoredFile {
  text: string;
  layout: Layout;
  /** Changes when text or layout do. */
  revision: string;
}

/** The path of a workflow file. @param file its name without `.yaml`. */
function textPath(folder: string, file: string): string {
  return join(folder, `${file}.yaml`);
}

/** The path of the layout beside it. */
function layoutPath(folder: string, file: string): string {
  return join(folder, `${file}.layout.json`);
}

/** @returns `null` where there is none. @throws ConfigurationFault when it cannot be read. */
export function readStored(folder: string, file: string): StoredFile | null {
  const text = readTextFile(textPath(folder, file));
  if (text === null) return null;
  const layout = parseLayout(readLayout(layoutPath(folder, file)));
  const content = JSON.stringify([text, layout]);
  const revision = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return { text, layout, revision };
}

/** One that cannot be read is as none. */
function readLayout(path: string): string {
  try {
    return readTextFile(path) ?? "";
  } catch {
    return "";
  }
}

/** Writes what has changed. Whoever reads meanwhile sees the former file or the new one. @throws what the file system throws. */
export function writeStored(
  folder: string,
  file: string,
  { text, layout }: Omit<StoredFile, "revision">,
): void {
  const before = readStored(folder, file);
  mkdirSync(folder, { recursive: true });
  if (before?.text !== text) replace(textPath(folder, file), text);
  const path = layoutPath(folder, file);
  const boxes = formatLayout(layout);
  if (Object.keys(layout).length === 0) rmSync(path, { force: true });
  else if (before === null || formatLayout(before.layout) !== boxes) replace(path, boxes);
}

/** @throws what the file system throws. */
export function removeStored(folder: string, file: string): void {
  rmSync(textPath(folder, file), { force: true });
  rmSync(layoutPath(folder, file), { force: true });
  fsyncFolderOf(textPath(folder, file));
}

function replace(path: string, content: string): void {
  const temporary = `${path}.making`;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    // What is cut would only take up space. A folder of this name is not ours.
    if (statSync(temporary, { throwIfNoEntry: false })?.isFile()) rmSync(temporary);
    throw error;
  }
  fsyncFolderOf(path);
}
