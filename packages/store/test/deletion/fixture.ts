import { existsSync, readFileSync } from "node:fs";
import { systemClock } from "@weir/runtime";
import {
  type Deletion,
  nextSegmentOf,
  type RowsRequest,
  type StreamPlace,
  type StreamStore,
  startSegmentFinalizer,
} from "@weir/store";
import { START_US } from "@weir/testkit";

/** A deletion of everything that is stored, but for what is given. */
export function deletionOf(store: StreamStore, given: Partial<Deletion> = {}): Deletion {
  return {
    id: "d1",
    stream: "data",
    filters: ["#"],
    fromUs: 0,
    toUs: 2 * START_US,
    through: store.end(),
    askedUs: START_US,
    state: "hiding",
    stateUs: START_US,
    undoUntilUs: null,
    doneSegment: null,
    hiddenRows: 0,
    restoredRows: 0,
    skipped: [],
    ...given,
  };
}

/**
 * Does in each segment what a deletion asks.
 *
 * @param stepsMax ends the work early, as a kill does.
 * @returns how many rows were moved.
 */
export function carryOut(
  store: StreamStore,
  place: StreamPlace,
  request: Partial<RowsRequest> & Pick<RowsRequest, "kind" | "deletion">,
  stepsMax = Number.POSITIVE_INFINITY,
): number {
  let rows = 0;
  let steps = 0;
  let segment = nextSegmentOf(place, request.deletion, null);
  while (segment !== null) {
    using task = store.openRowsTask(segment, { others: [], ...request });
    for (let isDone = false; !isDone; steps += 1) {
      if (steps >= stepsMax) return rows;
      const step = task.step(() => true);
      rows += step.rows;
      isDone = step.isDone;
    }
    segment = nextSegmentOf(place, request.deletion, segment.name);
  }
  return rows;
}

/** Finishes segments as the logger has it done. */
export async function finishAll(files: readonly string[]): Promise<void> {
  const finished = Promise.withResolvers<void>();
  let left = files.length;
  if (left === 0) return;
  await using finalizer = startSegmentFinalizer({
    clock: systemClock,
    onFinished: () => {
      left -= 1;
      if (left === 0) finished.resolve();
    },
    onUnfinished: ({ reason }) => finished.reject(new Error(reason)),
  });
  for (const file of files) finalizer.finish(file);
  await finished.promise;
}

/** Whether a text stands in a database file or in its write-ahead log. */
export function holdsBytes(file: string, text: string): boolean {
  return [file, `${file}-wal`].some((one) => existsSync(one) && readFileSync(one).includes(text));
}
