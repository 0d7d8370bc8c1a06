import { errorMessage, Fault } from "@weir/fault";

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

/** A rotation that failed. The segment that was live goes on. */
export function rotationFault(file: string, cause: unknown): Fault {
  return new Fault(
    `${file} cannot be begun: ${errorMessage(cause)}; the segment before it goes on`,
    {
      remedy: "Make room on the disk or mend it; it is tried again.",
      cause,
    },
  );
}

/** A successor that failed and cannot be taken away again: to go on beside it would store messages twice. */
export function lostFault(file: string, cause: unknown): Fault {
  return new Fault(`${file} was begun and cannot be removed: ${errorMessage(cause)}`, {
    remedy: "Mend the disk and start again: the next start goes on in that file.",
    cause,
  });
}
