import { setTimeout as pause } from "node:timers/promises";
import type { Results } from "./figures.ts";
import { memoryOf, startRunning } from "./running.ts";

const IDLE_MS = 60_000;

/** What the process holds while no page is open, started as `npm start` does, with modules that were compiled before. */
export async function measureIdle(): Promise<Results> {
  {
    await using _compiling = await startRunning();
  }
  await using running = await startRunning();
  await Promise.race([pause(IDLE_MS), running.failed]);
  const { pss, own } = memoryOf(running.dashboard);
  return {
    title: "idle for a minute",
    figures: [
      { text: "memory of the server, PSS", value: pss, unit: "MB", atMost: 60 },
      { text: "of that its own alone", value: own, unit: "MB" },
    ],
  };
}
