import { type Clock, systemClock } from "@weir/runtime";
import {
  type Deletion,
  deletionsFileOf,
  type NewRow,
  type SegmentedStore,
  type StreamPlace,
  type StreamStore,
  startSegmentFinalizer,
} from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import { createTestContext, NOTHING_CONFIGURED, rowOf, START_US } from "@weir/testkit";
import { readLoggerConfig } from "../../src/config.ts";
import { DeletionWorker } from "../../src/deletion-worker.ts";
import { Deletions } from "../../src/deletions.ts";

export const SECOND_US = 1_000_000;

/** Rows with the numbers `from..through` as payloads, one a second; every third one is of topic `a`. */
export function rowsOf(from: number, through: number): NewRow[] {
  return Array.from({ length: through - from + 1 }, (_, index) => {
    const number = from + index;
    const topic = number % 3 === 0 ? "a" : "b";
    return { ...rowOf(String(number), START_US + number * SECOND_US), topic };
  });
}

/** The worker of a logger with one stream, `data`. */
export function startWorker(
  { store, place }: { store: StreamStore; place: StreamPlace },
  { folder, clock = systemClock }: { folder: string; clock?: Clock },
) {
  const [data] = readLoggerConfig({ WEIR_FILE: NOTHING_CONFIGURED }).streams.streams;
  const config: StreamConfig = { ...(data as StreamConfig), place };
  const context = createTestContext(clock);
  const deletions = new Deletions(deletionsFileOf(`${folder}/weir.db`), context);
  const stack = new AsyncDisposableStack();
  const finalizer = stack.use(
    startSegmentFinalizer({ clock: systemClock, onFinished: () => {}, onUnfinished: () => {} }),
  );
  const worker = stack.use(
    new DeletionWorker({
      ...context,
      deletions,
      finalizer,
      clockSteadyMs: 0,
      streams: () => [{ config, store }],
    }),
  );
  return {
    deletions,
    worker,
    faults: context.faults,
    /** Asks for a deletion, and gets the worker going. */
    add(given: Partial<Pick<Deletion, "filters" | "fromUs" | "toUs">> = {}): Deletion {
      const rows = { stream: "data", filters: ["a"], fromUs: 0, toUs: 2 * START_US, ...given };
      const deletion = deletions.add({ ...rows, through: store.end() });
      if (deletion === null) throw new Error("there are too many");
      worker.wake();
      return deletion;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Whether each closed segment is finished. */
export function isAllFinished(store: SegmentedStore): boolean {
  return store.unfinished().length === 0;
}
