import { accessSync, constants, globSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorCode, nearestFolder, readSettings } from "@weir/runtime";
import { allSettings } from "@weir/standalone/settings";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";
import { writtenFolders } from "./folders.ts";

const { R_OK, W_OK } = constants;
/** Of each folder; more would hide the other findings. */
const SHOWN_MAX = 3;

/** What this user may read and write, and what others may read of secrets. */
export const permissions: Check = {
  name: "permissions",
  look: ({ environment }): Finding[] => {
    const folders = writtenFolders(environment);
    const findings = [
      ...folders.flatMap(({ path, setting }) => notWritable(path, setting)),
      ...notReadable(),
      ...notSaved(readSettings(allSettings, environment).WORKFLOWS_FOLDER),
      ...tooOpen(environment.SECRETS_FOLDER?.trim() || "secrets"),
    ];
    if (findings.length > 0) return findings;
    const shown = folders.map(({ path }) => path).join(", ");
    return [ok(`this user may write to ${shown}`)];
  },
};

function notWritable(path: string, setting: string): Finding[] {
  const folder = nearestFolder(path);
  if (refusalOf(folder, W_OK) !== null) {
    return [
      wrong(
        `${setting}: this user may not write to ${folder}`,
        `Run Weir as the owner of it, or give it to this user: sudo chown -R "$(id -un)" ${folder}`,
      ),
    ];
  }
  const files = globSync(join(folder, "*.{db,db-wal,db-shm,lock,session,token}"));
  const others = files.filter((file) => refusalOf(file, W_OK) !== null);
  if (others.length === 0) return [];
  return [
    wrong(
      `${setting}: this user may not write ${shownOf(others)}`,
      `Another user has made them, perhaps with sudo. Give them to this user: sudo chown -R "$(id -un)" ${folder}`,
    ),
  ];
}

/** Files of the configuration, where the working folder has it. */
function notReadable(): Finding[] {
  const files = [".env", "config", ...globSync("config/**/*")].filter(
    (file) => refusalOf(file, R_OK) === "EACCES",
  );
  if (files.length === 0) return [];
  return [
    wrong(
      `this user may not read ${shownOf(files)}`,
      "Make them readable: chmod -R a+rX config. In Compose the services are a user of their own (1000).",
    ),
  ];
}

/** The canvas of the pages writes workflow files. */
function notSaved(folder: string): Finding[] {
  // In Compose's container of the command line it is mounted to be read, and that is right.
  if (refusalOf(folder, W_OK) !== "EACCES") return [];
  return [
    look(
      `workflows cannot be saved: this user may not write to ${folder}`,
      `Make it writable for the service workflows; in Compose: sudo chown -R 1000 ${folder}`,
    ),
  ];
}

const OTHERS = 0o077;

function tooOpen(secrets: string): Finding[] {
  const found = statSync(secrets, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & OTHERS) === 0) return [];
  return [
    look(
      `other users of this machine may enter ${secrets}, which has keys and passwords`,
      `Close it: chmod 700 ${secrets}`,
    ),
  ];
}

const shownOf = (files: readonly string[]): string =>
  files.slice(0, SHOWN_MAX).join(", ") +
  (files.length > SHOWN_MAX ? ` and ${files.length - SHOWN_MAX} more` : "");

/** Why this user may not use a file so; `null` where it may, or where there is none. */
function refusalOf(file: string, mode: number): string | null {
  try {
    accessSync(file, mode);
    return null;
  } catch (error) {
    return errorCode(error) === "ENOENT" ? null : errorCode(error);
  }
}
