import { existsSync } from "node:fs";
import { join } from "node:path";
import { CLOCK_REMEDY, clockProblems, readSettings, storeSettings, timeText } from "@weir/runtime";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";

/** An answer is on its way for a while, and its date has whole seconds. */
const SERVICE_MS_MAX = 5_000;

/** The clock of this machine, against times that are known: of files, and of services. */
export const machineClock: Check = {
  name: "clock",
  look: async (scene): Promise<Finding[]> => {
    const nowMs = scene.clock.now();
    const { DB_FILE } = readSettings(storeSettings, scene.environment);
    const wrongs = [
      ...clockProblems(nowMs, DB_FILE).map((problem) => wrong(problem, CLOCK_REMEDY)),
      ...(await differing(scene)),
    ];
    return wrongs.length > 0 ? wrongs : [ok(`${timeText(nowMs)}${synchronised()}`)];
  },
};

/** Services in other containers have this clock; those on other machines have their own. */
async function differing(scene: Scene): Promise<Finding[]> {
  const answers = await scene.services();
  const nowMs = scene.clock.now();
  return answers.flatMap(({ name, report }) => {
    const aheadMs = (report?.dateMs ?? nowMs) - nowMs;
    if (Math.abs(aheadMs) <= SERVICE_MS_MAX) return [];
    const seconds = Math.round(Math.abs(aheadMs) / 1_000);
    const words = aheadMs > 0 ? "ahead of" : "behind";
    return [
      look(`the clock of ${name} is ${seconds} s ${words} that of this machine`, CLOCK_REMEDY),
    ];
  });
}

const TIMESYNC = "/run/systemd/timesync";

/** What systemd says; other programs that set clocks do not show. */
function synchronised(): string {
  if (existsSync(join(TIMESYNC, "synchronized"))) return ", synchronised by systemd-timesyncd";
  return existsSync(TIMESYNC) ? ", not yet synchronised by systemd-timesyncd" : "";
}
