import { dirname } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import { isLocked } from "./locked.ts";

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
    if (isLocked(cause)) {
      throw new Fault(`${setting}: ${file} is locked by another program`, {
        remedy: "End that program's write transaction, or the program.",
        exitCode: EXIT_CODES.tryLater,
        cause,
      });
    }
    throw new Fault(`${file} cannot be opened for writing: ${errorMessage(cause)}`, {
      remedy: `Make the folder ${dirname(file)} writable for this user, or name another file in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}
