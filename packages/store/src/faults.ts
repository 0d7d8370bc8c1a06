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
