import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Where a device can be made to end: right behind a step, before anything else. */
export const STEPS = ["received", "running", "executed", "ended", "told", "removed"] as const;
export type Step = (typeof STEPS)[number];

/** An end by SIGKILL that a process was told of beforehand. */
export interface Death {
  /** Ends the process, if it is to end here. */
  after(step: Step): void;
}

/** Tells the next process that takes its death from this file where to end. */
export function planDeath(file: string, { step, times }: { step: Step; times: number }): void {
  writeFileSync(file, `${step} ${times}`);
}

/** The death that this process is told of; each is taken once. */
export function takeDeath(file: string): Death {
  const [step = null, times = "0"] = existsSync(file) ? readFileSync(file, "utf8").split(" ") : [];
  rmSync(file, { force: true });
  let left = Number(times);
  return {
    after: (reached) => {
      if (reached !== step) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, "SIGKILL");
    },
  };
}
