import {
  type DatabaseFormat,
  lockFile,
  makePlaceOf,
  openServiceDatabase,
  orOpeningFault,
} from "@weir/runtime";
import type { Database } from "better-sqlite3";
import { STEPS } from "./schema.ts";

/** "WFlw": the file is one of Weir's workflows. */
const APPLICATION_ID = 0x57_46_6c_77;

/** How the file is recognised. */
export const WORKFLOWS_FORMAT: DatabaseFormat = {
  applicationId: APPLICATION_ID,
  version: STEPS.length,
};
/** A process that was killed may hold its lock for a moment longer. */
const LOCK_WAIT_MS = 5_000;

/** The file of the run log, open for this process alone. */
export interface LogFile extends Disposable {
  database: Database;
}

/**
 * Opens the file of runs, alerts and actions.
 *
 * @throws Fault for a file that cannot be used, or that another process uses: with another one in its place actions
 *   might happen twice.
 */
export function openWorkflowsFile(file: string): LogFile {
  makePlaceOf(file, "WORKFLOWS_FILE");
  const lock = orOpeningFault(file, "WORKFLOWS_FILE", () =>
    lockFile(file, {
      message: `WORKFLOWS_FILE: another process runs workflows with ${file}`,
      remedy: "End it, or name another file in WORKFLOWS_FILE.",
      waitMs: LOCK_WAIT_MS,
    }),
  );
  using opening = new DisposableStack();
  opening.use(lock);
  const database = openServiceDatabase({
    file,
    setting: "WORKFLOWS_FILE",
    applicationId: APPLICATION_ID,
    steps: STEPS,
    // What was not written is tried again anyway.
    busyMsMax: 50,
    loss: "runs, alerts and actions that wait are lost, and the workflows begin with what is stored from then on",
  });
  opening.defer(() => database.close());
  const opened = opening.move();
  return { database, [Symbol.dispose]: () => opened.dispose() };
}
