import { readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { EXIT_CODES, errorMessage, Fault, print } from "@weir/runtime";
import { UnreadableArchive } from "../archive/archive-schema.ts";
import { isDamage } from "../segment/damage.ts";
import { archiveSegment, DamagedSegment } from "./archive-segment.ts";
import { finishSegment } from "./finish-segment.ts";
import { type ArchiveDeletions, settleArchive } from "./settle-archive.ts";

/**
 * What is done to a closed segment: `finish` makes one portable file of it, `archive` Parquet of that, `settle` brings
 * that in line with deletions, which are given as JSON on the standard input.
 */
export type SegmentTask = "finish" | "archive" | "settle";

/** The exit code for a segment that is damaged: trying again is of no use. */
export const DAMAGED_EXIT_CODE = 65;

/** The process of one task: node segment-process.ts <task> <segment>. */
function runAndExit(task: string, file: string): void {
  // Storing messages comes first.
  setPriority(constants.priority.PRIORITY_LOW);
  endMeFirst();
  // A signal to the whole group is for the logger, which ends this process when it ends itself.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
  try {
    process.exitCode = run(task, file);
  } catch (error) {
    print(errorMessage(error), { to: process.stderr });
    const isDamaged = error instanceof DamagedSegment || (task === "archive" && isDamage(error));
    if (isDamaged || error instanceof UnreadableArchive) process.exitCode = DAMAGED_EXIT_CODE;
    else process.exitCode = error instanceof Fault ? error.exitCode : EXIT_CODES.fault;
  }
}

/** Where memory runs out, as in a container with a limit, the kernel is to end this process and not the logger. */
function endMeFirst(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Only Linux has it.
  }
}

const STANDARD_INPUT = 0;

function run(task: string, file: string): number {
  switch (task) {
    case "finish":
      return finishSegment(file) === "in use" ? EXIT_CODES.tryLater : EXIT_CODES.ok;
    case "archive":
      archiveSegment(file);
      return EXIT_CODES.ok;
    case "settle":
      // Of the logger that has started this process.
      settleArchive(file, JSON.parse(readFileSync(STANDARD_INPUT, "utf8")) as ArchiveDeletions);
      return EXIT_CODES.ok;
    default:
      throw new TypeError(`there is no task ${task}`);
  }
}

if (import.meta.main) runAndExit(process.argv[2] ?? "", process.argv[3] ?? "");
