import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Run } from "./scenario.ts";

const OWNER_WRITES = 0o200;
/** What the logger starts for each segment that it archives. */
const SEGMENT_MAIN = fileURLToPath(
  new URL("../../packages/store/src/rotation/segment-process.ts", import.meta.url),
);

/** Archives one segment after the other, without waiting for it to become old: as the logger does, in a process each. */
export class Archiving {
  ended = 0;
  killed = 0;
  readonly #run: Run;
  readonly #segments: () => string[];
  #child: ChildProcess | null = null;

  constructor(run: Run, segments: () => string[]) {
    this.#run = run;
    this.#segments = segments;
  }

  /** Takes one that is finished; the newest closed one stays. */
  start(): void {
    const finished = this.#segments().slice(0, -2).filter(isFinished);
    if (finished.length === 0) return;
    const file = this.#run.random.pick(finished.slice(0, 3));
    this.#child = spawn(process.execPath, [SEGMENT_MAIN, "archive", file], { stdio: "ignore" });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
      this.killed += 1;
    } else if (child.exitCode === 0) {
      this.ended += 1;
    }
  }
}

const isFinished = (file: string): boolean =>
  !existsSync(`${file}-wal`) && (statSync(file).mode & OWNER_WRITES) === 0;
