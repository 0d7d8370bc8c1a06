import { filterProblem, parseStatedTime } from "@weir/protocol";
import { type Clock, errorMessage, type Logger, RequestFault, type Routes } from "@weir/runtime";
import { countRows, type DeletedRows, type Deletion, type RowCounts } from "@weir/store";
import { z } from "zod";
import type { DeletionWorker } from "./deletion-worker.ts";
import { DELETIONS_MAX, type Deletions } from "./deletions.ts";
import type { Stream } from "./stream.ts";

const FILTERS_MAX = 100;

const filter = z.string().superRefine((text, context) => {
  const problem = filterProblem(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

const time = z.string().transform((text, context) => {
  const us = parseStatedTime(text);
  if (us !== null) return us;
  context.addIssue({ code: "custom", message: "it is no time: write 2026-11-27T10:00:00Z" });
  return z.NEVER;
});

/** What is to be deleted, as a request names it. */
const deletionRequest = z
  .strictObject({
    stream: z.string(),
    filters: z.array(filter).min(1).max(FILTERS_MAX),
    from: time,
    to: time,
  })
  .superRefine(({ from, to }, context) => {
    if (from < to) return;
    context.addIssue({ code: "custom", path: ["to"], message: "it is not after from" });
  });

type DeletionRequest = z.output<typeof deletionRequest>;

interface RoutesOptions {
  deletions: Deletions;
  worker: DeletionWorker;
  streams: () => readonly Stream[];
  clock: Clock;
  logger: Logger;
}

/** Adds the addresses of deletions to those that the logger answers on. */
export function addDeletionRoutes(routes: Routes, token: string, options: RoutesOptions): void {
  const { deletions, worker, logger } = options;
  const shown = (deletion: Deletion) => shownDeletion(deletion, worker.problemOf(deletion.id));
  const preview = createPreview(options);

  routes.add(token, {
    method: "GET",
    path: "/deletions",
    body: null,
    answer: () => ({ content: { deletions: deletions.all().map(shown) } }),
  });
  routes.add(token, {
    method: "POST",
    path: "/deletions/preview",
    body: deletionRequest,
    answer: async ({ body, signal }) => ({ content: await preview(body, signal) }),
  });
  routes.add(token, {
    method: "POST",
    path: "/deletions",
    body: deletionRequest,
    answer: ({ body }) => {
      const { rows } = rowsOf(body, options);
      const deletion = saving(() => deletions.add(rows));
      if (deletion === null) throw tooMany();
      const { id, stream, filters, fromUs, toUs } = deletion;
      logger.info({ deletion: id, stream, filters, fromUs, toUs }, "rows are being hidden");
      worker.wake();
      return { status: 202, content: shown(deletion) };
    },
  });
  routes.add(token, {
    method: "POST",
    path: "/deletions/:id/undo",
    body: null,
    answer: ({ parameters: { id = "" } }) => {
      const found = deletions.find(id);
      if (found === null) throw fault(404, "id", id, "there is no such deletion", LIST_THEM);
      const deletion = saving(() => deletions.undo(found));
      if (deletion === null) throw fault(409, "id", id, "its rows are gone", GONE);
      logger.info({ deletion: id }, "a deletion is being undone");
      worker.wake();
      return { status: 202, content: shown(deletion) };
    },
  });
}

const LIST_THEM = "GET /deletions lists them, and so does weir delete --list.";
const GONE = "Restore them from a backup: a deletion can be undone for 24 hours.";

/** @throws RequestFault for a stream that there is not. */
function rowsOf(
  { stream: name, filters, from, to }: DeletionRequest,
  { streams }: Pick<RoutesOptions, "streams">,
): { rows: DeletedRows; stream: Stream } {
  const stream = streams().find(({ config }) => config.name === name);
  if (stream === undefined) {
    const names = streams().map(({ config }) => config.name);
    throw fault(400, "stream", name, "there is no such stream", `Name one of ${names.join(", ")}.`);
  }
  const through = stream.store.end();
  return { stream, rows: { stream: name, filters, fromUs: from, toUs: to, through } };
}

// Rows are counted between commits, as they are hidden.
const STEP_MS_MAX = 10;
const PAUSE_MS = 20;
const TOPICS_SHOWN_MAX = 100;

/** @returns counts what a deletion would hide, one request at a time. */
function createPreview(options: RoutesOptions) {
  const { clock } = options;
  let isBusy = false;

  async function count(
    { stream, rows }: ReturnType<typeof rowsOf>,
    signal: AbortSignal,
  ): Promise<RowCounts> {
    const counting = countRows(stream.config.place, rows);
    for (;;) {
      const endMs = clock.monotonic() + STEP_MS_MAX;
      do {
        const { done, value } = counting.next();
        if (done === true) return value;
      } while (clock.monotonic() < endMs);
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.schedule(PAUSE_MS, resolve);
      await promise;
      if (signal.aborted) throw fault(503, "request", null, "it was given up", "Send it again.");
    }
  }

  return async (request: DeletionRequest, signal: AbortSignal): Promise<object> => {
    const asked = rowsOf(request, options);
    if (isBusy) throw fault(429, "request", null, "another preview is being made", "Wait for it.");
    isBusy = true;
    try {
      return shownCounts(asked.rows, await count(asked, signal));
    } finally {
      isBusy = false;
    }
  };
}

function shownCounts({ stream, filters, fromUs, toUs }: DeletedRows, counts: RowCounts): object {
  const { rows, bytes, firstUs, lastUs, topics, otherTopicsRows, skipped } = counts;
  const most = [...topics].sort(([, a], [, b]) => b - a).slice(0, TOPICS_SHOWN_MAX);
  return {
    stream,
    filters,
    from: isoTime(fromUs),
    to: isoTime(toUs),
    rows,
    bytes,
    first: firstUs === null ? null : isoTime(firstUs),
    last: lastUs === null ? null : isoTime(lastUs),
    /** How many topics have such rows; there are more where `otherTopicsRows` is not 0. */
    topicCount: topics.size,
    /** Those with the most rows. */
    topics: most.map(([topic, count]) => ({ topic, rows: count })),
    otherTopicsRows,
    skipped: skipped.map(({ reason }) => reason),
  };
}

function shownDeletion(deletion: Deletion, problem: string | null): object {
  const { id, stream, filters, fromUs, toUs, askedUs, state, stateUs, undoUntilUs } = deletion;
  const { hiddenRows, restoredRows, skipped } = deletion;
  return {
    id,
    stream,
    filters,
    from: isoTime(fromUs),
    to: isoTime(toUs),
    asked: isoTime(askedUs),
    state,
    since: isoTime(stateUs),
    undoUntil: undoUntilUs === null ? null : isoTime(undoUntilUs),
    hiddenRows,
    restoredRows,
    skipped,
    /** Why it does not get on. */
    problem,
  };
}

function isoTime(us: number): string {
  const micros = us % 1_000;
  const iso = new Date((us - micros) / 1_000).toISOString();
  return micros === 0 ? iso : iso.replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

/** A deletion that is not on the disk is not begun. */
function saving<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    const problem = `their list cannot be written: ${errorMessage(error)}`;
    const remedy = "Free some disk space, or repair the disk, and send the request again.";
    throw fault(503, "deletions", null, problem, remedy);
  }
}

function tooMany(): RequestFault {
  const problem = `there are ${DELETIONS_MAX} deletions`;
  const remedy = "Name more filters in one, or wait until the oldest are 90 days old.";
  return fault(429, "deletions", null, problem, remedy);
}

function fault(
  status: number,
  field: string,
  value: string | null,
  problem: string,
  remedy: string,
): RequestFault {
  return new RequestFault(status, [{ field, value, problem, remedy }]);
}
