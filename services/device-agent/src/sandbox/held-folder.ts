import {
  accessSync,
  type BigIntStats,
  constants,
  lstatSync,
  mkdirSync,
  realpathSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { makeFolderAt } from "@weir/sqlite";

/** Which file or folder it is, whatever it is called. */
export type Identity = Pick<BigIntStats, "dev" | "ino">;

/** A folder that is the same for as long as it is held, or is not used. */
export interface HeldFolder {
  /** Without symbolic links. */
  path: string;
  identity: Identity;
  fileOf(name: string): string;
  /** @throws Fault when another one lies at its path. */
  assertSame(): void;
}

/**
 * Takes a folder into use; made with mode 0700 where it is missing.
 *
 * @throws Fault when it is a symbolic link, or no folder, or cannot be made or written to.
 */
export function holdFolder(folder: string): HeldFolder {
  // Without a slash at its end, which would follow a link.
  const given = resolve(folder);
  make(given);
  if (!lstatSync(given).isDirectory()) {
    throw new Fault(`the sandbox ${given} is a link or a file, not a folder`, {
      remedy: "Give the path of a folder, or of nothing: then it is made.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  assertUsable(given);
  const path = realpathSync(given);
  const identity: Identity = lstatSync(path, { bigint: true });
  return {
    path,
    identity,
    fileOf: (name) => join(path, name),
    assertSame: () => {
      const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (found?.isDirectory() && isSame(found, identity)) return;
      throw new Fault(`the sandbox ${path} is not the folder any more that it was at the start`, {
        remedy: "Put that one back, or start the device agent anew.",
      });
    },
  };
}

export function isSame(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function make(folder: string): void {
  try {
    if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) return;
    makeFolderAt(dirname(folder), "sandbox.folder");
    mkdirSync(folder, { mode: 0o700 });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw unusable(`the sandbox ${folder} cannot be made`, cause);
  }
}

function assertUsable(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(`the sandbox ${folder} cannot be used`, cause);
  }
}

function unusable(message: string, cause: unknown): Fault {
  return new Fault(`${message}: ${errorMessage(cause)}`, {
    remedy: "Give it a place that the device agent may write to.",
    exitCode: EXIT_CODES.configuration,
    cause,
  });
}
