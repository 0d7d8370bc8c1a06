import { type DatabaseFormat, openServiceDatabase } from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { STEPS } from "./schema.ts";

/** "WDsh": the file is one of Weir's dashboard. */
const APPLICATION_ID = 0x57_44_73_68;

/** How the file is recognised. */
export const DASHBOARD_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: STEPS.length,
};

/**
 * Opens the file of users, sessions and the connection log.
 *
 * @throws Fault for a file that cannot be used: another one in its place would have no users, and whoever comes first
 *   could become one.
 */
export function openDashboardFile(file: string): Database {
  return openServiceDatabase({
    file,
    setting: "DASHBOARD_FILE",
    applicationId: APPLICATION_ID,
    steps: STEPS,
    busyMsMax: 250,
    loss: "users, tokens and the connection log begin empty, and the log shows a code for the first user",
  });
}
