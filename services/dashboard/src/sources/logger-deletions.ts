import { createIsoTime, parseStatedTime } from "@weir/protocol";
import type { RoutesClientOptions } from "@weir/runtime";
import { z } from "zod";
import {
  type Deletion,
  type DeletionPreview,
  type DeletionRequest,
  deletion,
} from "../contract/deletions.ts";
import { usOf } from "../contract/times.ts";
import { AskedService } from "./asked-service.ts";

/** Counting the rows of a large stream takes a while. */
const PREVIEW_MS_MAX = 120_000;

const time = z.string().transform((text, context) => {
  const us = parseStatedTime(text);
  if (us !== null) return us / 1_000;
  context.addIssue({ code: "custom", message: "it is no time" });
  return z.NEVER;
});

const loggersPreview = z
  .object({
    rows: z.int(),
    bytes: z.number(),
    first: time.nullable(),
    last: time.nullable(),
    topicCount: z.int(),
    topics: z.array(z.object({ topic: z.string(), rows: z.int() })),
    otherTopicsRows: z.int(),
    skipped: z.array(z.string()),
  })
  .transform(
    ({ first, last, ...rest }): DeletionPreview => ({ ...rest, firstMs: first, lastMs: last }),
  );

const loggersDeletion = deletion
  .omit({ fromMs: true, toMs: true, askedMs: true, sinceMs: true, undoUntilMs: true })
  .extend({ from: time, to: time, asked: time, since: time, undoUntil: time.nullable() })
  .transform(
    ({ from, to, asked, since, undoUntil, ...rest }): Deletion => ({
      ...rest,
      fromMs: from,
      toMs: to,
      askedMs: asked,
      sinceMs: since,
      undoUntilMs: undoUntil,
    }),
  );
const loggersList = z.object({ deletions: z.array(loggersDeletion) });

const WORDS = {
  nothingDone: "Nothing was deleted.",
  perhapsDone: "Look into the list of deletions when it is back: it may have got the request.",
  fields: { from: "fromMs", to: "toMs" },
};

/** Deletions of rows. The logger carries them out: it alone writes the store. */
export class LoggerDeletions {
  readonly #logger: AskedService;

  constructor(logger: RoutesClientOptions) {
    this.#logger = new AskedService(logger, WORDS);
  }

  /**
   * What a deletion would hide.
   *
   * @throws RequestFault for what the logger refuses, and when it cannot be asked; so do the others.
   */
  preview(request: DeletionRequest, signal: AbortSignal): Promise<DeletionPreview> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PREVIEW_MS_MAX)]);
    const path = "/deletions/preview";
    return this.#logger.ask("POST", path, loggersPreview, written(request), limited);
  }

  /** Asks the logger to hide rows: it does so in the background. */
  delete(request: DeletionRequest): Promise<Deletion> {
    return this.#logger.ask("POST", "/deletions", loggersDeletion, written(request));
  }

  /** Asks the logger to bring back what a deletion has hidden. */
  undo(id: string): Promise<Deletion> {
    return this.#logger.ask("POST", `/deletions/${encodeURIComponent(id)}/undo`, loggersDeletion);
  }

  /** The newest first. */
  async all(): Promise<Deletion[]> {
    const { deletions } = await this.#logger.ask("GET", "/deletions", loggersList);
    return deletions.sort((one, other) => other.askedMs - one.askedMs);
  }
}

/** A request as the logger wants it. */
function written({ stream, filters, fromMs, toMs }: DeletionRequest): object {
  const isoTime = createIsoTime();
  return { stream, filters, from: isoTime(usOf(fromMs)), to: isoTime(usOf(toMs)) };
}
