import { existsSync } from "node:fs";
import { readBackupState } from "@weir/backup";
import { readSettings, storeSettings } from "@weir/runtime";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

const DAY_MS = 86_400_000;
/** Where no process repeats it, it may be a weekly one. */
const AGE_MS_WARNED = 8 * DAY_MS;
/** One that is repeated may be under way, or be tried again. */
const LATE_SHARE = 2;
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
          `the one of ${timeOf(triedMs)} to ${folder} has failed: ${problem}`,
          "See to that, and make another one.",
        ),
      ];
    }
    const madeMs = endedMs ?? 0;
    const found = `the last one was made at ${timeOf(madeMs)}, to ${folder}`;
    const ageMs = clock.now() - madeMs;
    if (everyMs !== null && ageMs > LATE_SHARE * everyMs) {
      return [wrong(`${found}, and the next one is late`, `Does weir backup still run? ${REMEDY}`)];
    }
    return [ageMs > AGE_MS_WARNED && everyMs === null ? look(found, REMEDY) : ok(found)];
  },
};

const timeOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, "");
