import { chmodSync, existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import Sqlite from "better-sqlite3";
import { openForReading } from "../reading/segments.ts";
import type { RowsWork } from "./hidden-rows.ts";
import { isNeeded, type RowsRequest, type RowsTask, taskOf, workIn } from "./rows-task.ts";

const WRITABLE_BY_OWNER = 0o200;
/** It runs on the thread that commits. */
const NO_WAITING = { fileMustExist: true, timeout: 0 };

/**
 * Opens a task in a segment that is closed. If it has something to do there, a finished segment becomes
 * writable: the finalizer has to finish it again.
 *
 * @param onWritable called when it was made writable.
 */
export function openClosedTask(
  file: string,
  request: RowsRequest,
  onWritable: () => void,
): RowsTask {
  return taskOf(workInClosed(file, request, onWritable), () => existsSync(file));
}

function* workInClosed(file: string, request: RowsRequest, onWritable: () => void): RowsWork {
  const segment = basename(file);
  using opening = new DisposableStack();
  const reading = opening.adopt(openForReading(file), (database) => database.close());
  if (!(yield* isNeeded(reading, request, segment))) return;
  opening.dispose();

  chmodSync(file, statSync(file).mode | WRITABLE_BY_OWNER);
  onWritable();
  using writing = new DisposableStack();
  const database = writing.adopt(new Sqlite(file, NO_WAITING), (opened) => opened.close());
  // Readers go on meanwhile, and after a kill they need nothing of this process.
  database.pragma("journal_mode = WAL");
  yield* workIn(database, request, segment);
}
