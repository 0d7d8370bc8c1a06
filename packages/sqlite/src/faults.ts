import { dirname } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";

/**
 * Runs what opens a file; whatever it throws becomes a fault with a remedy.
 *
 * @param setting the setting that names the file.
 */
export function orOpeningFault<T>(file: string, setting: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(`${file} cannot be opened for writing: ${errorMessage(cause)}`, {
      remedy: `Make the folder ${dirname(file)} writable for this user, or name another file in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}
