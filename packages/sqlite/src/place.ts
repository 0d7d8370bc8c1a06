import { mkdirSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";

/**
 * Makes the folder of a file that is to be opened for writing.
 *
 * @param setting the setting that names the file.
 * @throws Fault when something else than a file is in its place, or no file can be made there.
 */
export function makePlaceOf(file: string, setting: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  // Whoever opens a pipe waits for its other end, without an end.
  if (found !== undefined && !found.isFile()) {
    throw refused(`${setting}: ${file} is ${kindOf(found)}, not a file`, {
      remedy: `Remove it, or name another place in ${setting}: the file is made where it is missing.`,
    });
  }
  makeFolderAt(dirname(file), setting);
}

/**
 * Makes a folder that files are to be written in, with those above it.
 *
 * @returns the first of them that was missing, if one was.
 * @throws Fault when it cannot be made.
 */
export function makeFolderAt(folder: string, setting: string): string | undefined {
  try {
    refuseKernel(folder, setting);
    return mkdirSync(folder, { recursive: true });
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(`${setting}: the folder ${folder} cannot be made: ${errorMessage(cause)}`, {
      remedy: `Make it writable for this user, or name another place in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

// The magic numbers of proc, sysfs, cgroup and cgroup2, from statfs(2).
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270,
]);

/** Where the kernel shows its state nothing can be made, and Node.js tries for ever to make a folder there. */
function refuseKernel(folder: string, setting: string): void {
  let existing = folder;
  while (statSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  if (!KERNEL_FILE_SYSTEMS.has(statfsSync(existing).type)) return;
  throw refused(`${setting}: no file can be made in ${folder}: the kernel shows its state there`, {
    remedy: `Name a place on a disk in ${setting}.`,
  });
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe (FIFO)";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function refused(message: string, { remedy }: { remedy: string }): Fault {
  return new Fault(message, { remedy, exitCode: EXIT_CODES.configuration });
}
