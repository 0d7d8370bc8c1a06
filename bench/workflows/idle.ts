import { setTimeout as pause } from "node:timers/promises";
import type { Results } from "../dashboard/figures.ts";
import { memoryOf } from "../dashboard/running.ts";
import { startRunning } from "./running.ts";

const IDLE_MS = 60_000;

/** What the process holds without a workflow, started as `npm start` does, with modules that were compiled before. */
export async function measureIdle(): Promise<Results> {
  {
    await using compiling = await startRunning();
    await compiling.startWeir(new Map());
  }
  await using running = await startRunning();
  const { workflows } = await running.startWeir(new Map());
  await Promise.race([pause(IDLE_MS), running.failed]);
  const { pss, own } = memoryOf(workflows);
  return {
    title: "idle for a minute",
    figures: [
      { text: "memory, PSS", value: pss, unit: "MB", atMost: 60 },
      { text: "of that its own alone", value: own, unit: "MB" },
    ],
  };
}
