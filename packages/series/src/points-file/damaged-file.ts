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
