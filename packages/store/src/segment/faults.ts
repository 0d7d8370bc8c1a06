import { EXIT_CODES, errorMessage, Fault, isLocked } from "@weir/runtime";
import { isForWantOfRoom } from "../retention/ballast.ts";

const END_LOCK =
  "End that program's write transaction, or the program. Weir tries again until then.";

/** A commit that failed. */
export function writeFault(file: string, cause: unknown): Fault {
  if (isLocked(cause)) {
    return new Fault(`${file} is locked by another program; nothing of it was acknowledged`, {
      remedy: END_LOCK,
      cause,
    });
  }
  return new Fault(
    `${file} cannot be written: ${errorMessage(cause)}; nothing of it was acknowledged`,
    {
      remedy: "Make room on the disk or mend it; the broker sends the messages again.",
      cause,
    },
  );
}

/** Runs what opens a store. On a full disk the error that it throws says so. */
export function orFullFault<T>(place: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (!isForWantOfRoom(cause)) throw cause;
    throw new Fault(`${place} cannot be opened: the disk is full`, {
      remedy: "Make room on the disk.",
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

/** Runs a pass of retention. On a full disk the error that it throws says so. */
export function orPruneFault<T>(file: string, pass: () => T): T {
  try {
    return pass();
  } catch (cause) {
    if (!isForWantOfRoom(cause)) throw cause;
    throw new Fault(`nothing can be removed from ${file}: ${errorMessage(cause)}`, {
      remedy: "Make room on the disk; it is tried again at the next start.",
      cause,
    });
  }
}

/** A rotation that failed. The segment that was live goes on. */
export function rotationFault(file: string, cause: unknown): Fault {
  return new Fault(
    `${file} cannot be begun: ${errorMessage(cause)}; the segment before it goes on`,
    {
      remedy: isLocked(cause) ? END_LOCK : "Make room on the disk or mend it; it is tried again.",
      cause,
    },
  );
}

/** A successor that failed and cannot be removed: going on beside it would store messages twice. */
export function lostFault(file: string, cause: unknown): Fault {
  return new Fault(`${file} was begun and cannot be removed: ${errorMessage(cause)}`, {
    remedy: "Mend the disk and start again: the next start goes on in that file.",
    cause,
  });
}
