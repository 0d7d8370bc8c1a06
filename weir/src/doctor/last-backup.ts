import { existsSync } from "node:fs";
import { backupProblem, readBackupState } from "@weir/backup";
import { readSettings, storeSettings, timeText } from "@weir/runtime";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

const DAY_MS = 86_400_000;
/** Where no process repeats it, it may be a weekly one. */
const AGE_MS_WARNED = 8 * DAY_MS;
const REMEDY =
  "Make one: weir backup <folder>, on another disk; --every 1d repeats it. docs/how-to/back-up-and-restore.md says more.";

/** When the last backup was made, and whether it went well. */
export const lastBackup: Check = {
  name: "backup",
  look: ({ environment, clock }): Finding[] => {
    const { DB_FILE } = readSettings(storeSettings, environment);
    const state = readBackupState(DB_FILE);
    if (state === null) {
      return [existsSync(DB_FILE) ? look("there is none", REMEDY) : ok("nothing is stored yet")];
    }
    const { folder, problem, triedMs, endedMs, everyMs } = state;
    if (problem !== null) {
      return [
        wrong(
          `the one of ${timeText(triedMs)} to ${folder} has failed: ${problem}`,
          "See to that, and make another one.",
        ),
      ];
    }
    const madeMs = endedMs ?? triedMs;
    const found = `the last one was made at ${timeText(madeMs)}, to ${folder}`;
    const overdue = backupProblem(state, clock.now());
    if (overdue !== null) return [wrong(`${found}, and ${overdue}`, `Start it again. ${REMEDY}`)];
    const isOld = everyMs === null && clock.now() - madeMs > AGE_MS_WARNED;
    return [isOld ? look(found, REMEDY) : ok(found)];
  },
};
