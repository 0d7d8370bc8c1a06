import { dirname } from "node:path";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";

/** Runs what opens a file; whatever it throws becomes a fault with a remedy. */
export function orOpeningFault<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault(`${file} cannot be opened for writing: ${errorMessage(cause)}`, {
      remedy: `Make the folder ${dirname(file)} writable for this user, or name another file in DB_FILE.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** A commit that failed. */
export function writeFault(file: string, cause: unknown): Fault {
  return new Fault(
    `${file} cannot be written: ${errorMessage(cause)}; nothing of it was acknowledged`,
    {
      remedy: "Make room on the disk or mend it; the broker sends the messages again.",
      cause,
    },
  );
}
