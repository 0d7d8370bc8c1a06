import { basename } from "node:path";
import type { Database } from "better-sqlite3";
import { withoutWaiting } from "../segment/segment-file.ts";
import type { SegmentWriter } from "../segment/segment-writer.ts";
import type { Deletion } from "./deletion-list.ts";
import {
  findRows,
  hideRows,
  type RowsWork,
  readHiding,
  removeRows,
  restoreRows,
} from "./hidden-rows.ts";

/** What a deletion asks of each of its segments. */
export interface RowsRequest {
  kind: "hide" | "restore" | "remove";
  deletion: Deletion;
  /** The deletions of the stream whose rows are hidden: they keep what they mean, too, out of sight. */
  others: readonly Deletion[];
}

/** The work that a deletion asks of one segment. */
export interface RowsTask extends Disposable {
  /**
   * Works until a time is over; one transaction in any case.
   *
   * @returns how many rows it has moved, and whether all is done.
   * @throws what SQLite throws; another task then goes on where this one was.
   */
  step(isOver: () => boolean): { rows: number; isDone: boolean };
  /** Whether the segment is still what it was: it may have been closed or removed meanwhile. */
  isCurrent(): boolean;
}

/** The work in a segment that is open for writing. */
export function* workIn(
  database: Database,
  { kind, deletion, others }: RowsRequest,
  segment: string,
): RowsWork {
  if (!(yield* isNeeded(database, { kind, deletion }, segment))) return;
  if (kind === "hide") yield* hideRows(database, deletion, segment);
  else if (kind === "restore") yield* restoreRows(database, deletion, { segment, others });
  else yield* removeRows(database, deletion);
}

/** Whether a deletion asks anything of a segment at all. Only reads. */
export function* isNeeded(
  database: Database,
  { kind, deletion }: Pick<RowsRequest, "kind" | "deletion">,
  segment: string,
): Generator<number, boolean> {
  const known = readHiding(database, deletion);
  if (kind !== "hide") return known !== null;
  if (known !== null) return known.isDone === 0;
  return yield* findRows(database, deletion, segment);
}

/** Opens a task in a segment that is written: its steps come between commits. */
export function openLiveTask(
  live: { database: Database; file: string; writer: Pick<SegmentWriter, "notingDamage"> },
  request: RowsRequest,
): RowsTask {
  const { database, file, writer } = live;
  const task = taskOf(workIn(database, request, basename(file)), () => database.open);
  return {
    ...task,
    step: (isOver) => writer.notingDamage(() => withoutWaiting(database, () => task.step(isOver))),
  };
}

/** Makes a task of work. */
export function taskOf(work: RowsWork, isCurrent: () => boolean): RowsTask {
  let isDone = false;
  return {
    isCurrent,
    step(isOver) {
      let rows = 0;
      do {
        const next = work.next();
        if (next.done === true) isDone = true;
        else rows += next.value;
      } while (!isDone && !isOver());
      return { rows, isDone };
    },
    [Symbol.dispose]: () => void work.return(),
  };
}
