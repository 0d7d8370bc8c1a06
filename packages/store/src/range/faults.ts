import { existsSync } from "node:fs";
import { errorCode, errorMessage, Fault } from "@weir/fault";
import { isDamage } from "../damage.ts";
import type { Segment } from "./segments.ts";

/** Something of a stream that could not be read, and was gone past. */
export interface Skipped {
  /** The segment's file name. */
  segment: string;
  /** `removed`: retention was faster. `unreadable`: damaged, or not a store. */
  kind: "removed" | "unreadable";
  /** A sentence for an operator. */
  reason: string;
}

/** The file is not a store of a format that is known here. */
export class NotAStore extends Error {}

/** Whether another process has the file to itself for a moment: while it is being finished. */
export function isBusy(error: unknown): boolean {
  const code = errorCode(error);
  return code !== null && (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"));
}

/**
 * What became of a segment that cannot be read.
 *
 * @throws Fault when the reason is not in the segment itself, so that going on would hide it.
 */
export function skippedBecause(error: unknown, { name, file }: Segment): Skipped {
  if (error instanceof Fault) throw error;
  if (!existsSync(file)) {
    return { segment: name, kind: "removed", reason: `${file} is not there any more` };
  }
  if (isDamage(error) || error instanceof NotAStore) {
    const reason = `${file} cannot be read: ${errorMessage(error)}`;
    return { segment: name, kind: "unreadable", reason };
  }
  throw new Fault(`${file} cannot be read: ${errorMessage(error)}`, {
    remedy: isBusy(error)
      ? "Another process has it to itself; try again when that has finished."
      : "A file that is being written can be read only by who may also write to its folder.",
    cause: error,
  });
}
