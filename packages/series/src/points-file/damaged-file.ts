import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { EXIT_CODES, Fault } from "@weir/runtime";

/** A file is not what was written, or was cut off. */
export class DamagedFileFault extends Fault {
  readonly file: string;

  constructor(file: string, what: string, cause?: unknown) {
    super(`${file} is damaged: ${what}`, {
      remedy: "Check the disk, and restore the file from a copy if there is one.",
      exitCode: EXIT_CODES.fault,
      cause,
    });
    this.name = "DamagedFileFault";
    this.file = file;
  }
}

const MAGIC = "PAR1";

/**
 * Looks at the size and both ends of a file of points, not at what is between them.
 *
 * @param bytes its size when it was written.
 * @throws DamagedFileFault for another size or other ends, and what `fs` throws.
 */
export function checkEnds(file: string, bytes: number): void {
  const opened = openSync(file, "r");
  try {
    const { size } = fstatSync(opened);
    if (size !== bytes) throw new DamagedFileFault(file, `it has ${size} bytes, not ${bytes}`);
    for (const at of [0, bytes - MAGIC.length]) {
      const end = Buffer.alloc(MAGIC.length);
      readSync(opened, end, 0, end.length, at);
      if (end.toString("latin1") === MAGIC) continue;
      throw new DamagedFileFault(file, `it does not ${at === 0 ? "begin" : "end"} with ${MAGIC}`);
    }
  } finally {
    closeSync(opened);
  }
}
