import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** The steps of a command after which a device can be made to kill itself. */
export const STEPS = [
  "received",
  "running",
  "executed",
  "ended",
  "acknowledged",
  "removed",
] as const;
type Step = (typeof STEPS)[number];

/** Makes the next process that reads this file kill itself when it reaches a step for the `times`th time. */
export function planKill(file: string, { step, times }: { step: Step; times: number }): void {
  writeFileSync(file, `${step} ${times}`);
}

/**
 * Reads the plan for this process and removes it.
 *
 * @returns a function to call after each step: at the planned one, it ends the process with SIGKILL.
 */
export function takeKill(file: string): (reached: Step) => void {
  const [step = null, times = "0"] = existsSync(file) ? readFileSync(file, "utf8").split(" ") : [];
  rmSync(file, { force: true });
  let left = Number(times);
  return (reached) => {
    if (reached !== step) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, "SIGKILL");
  };
}
