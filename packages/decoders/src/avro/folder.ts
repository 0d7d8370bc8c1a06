import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** The schema files of a folder. */
export interface SchemaFolder {
  /**
   * The files that are new or have changed since the last call, in the order of their names.
   *
   * @throws when the folder cannot be read.
   */
  takeChanged(filesMax: number): string[];
}

export function createSchemaFolder(folder: string): SchemaFolder {
  let seen = new Map<string, string>();
  return {
    takeChanged: (filesMax) => {
      const before = seen;
      const names = readdirSync(folder).filter((name) => name.endsWith(".avsc"));
      const files = names
        .toSorted()
        .slice(0, filesMax)
        .map((name) => join(folder, name));
      seen = new Map(files.map((file) => [file, versionOf(file)]));
      return files.filter((file) => before.get(file) !== seen.get(file));
    },
  };
}

/** Differs when the file has changed. A file that is gone by now has a version, too. */
function versionOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "gone" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
}
