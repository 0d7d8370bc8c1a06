import { createIsoTime, parseStatedTime } from "@weir/protocol";
import {
  errorCode,
  Fault,
  RequestFault,
  RoutesClient,
  type RoutesClientOptions,
} from "@weir/runtime";
import { z } from "zod";
import {
  type Deletion,
  type DeletionPreview,
  type DeletionRequest,
  deletion,
} from "../contract/deletions.ts";
import { usOf } from "../contract/times.ts";

/** Counting the rows of a large stream takes a while. */
const PREVIEW_MS_MAX = 120_000;
const ANSWER_MS_MAX = 10_000;

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

/** Names of the logger's fields, where those of the API are others. */
const FIELDS: Readonly<Record<string, string>> = { from: "fromMs", to: "toMs" };

/** Deletions of rows. The logger carries them out: it alone writes the store. */
export class LoggerDeletions {
  readonly #logger: RoutesClient;

  constructor(logger: RoutesClientOptions) {
    this.#logger = new RoutesClient(logger);
  }

  /**
   * What a deletion would hide.
   *
   * @throws RequestFault for what the logger refuses, and when it cannot be asked; so do the others.
   */
  preview(request: DeletionRequest, signal: AbortSignal): Promise<DeletionPreview> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PREVIEW_MS_MAX)]);
    return this.#ask("POST", "/deletions/preview", loggersPreview, written(request), limited);
  }

  /** Asks the logger to hide rows: it does so in the background. */
  delete(request: DeletionRequest): Promise<Deletion> {
    return this.#ask("POST", "/deletions", loggersDeletion, written(request));
  }

  /** Asks the logger to bring back what a deletion has hidden. */
  undo(id: string): Promise<Deletion> {
    return this.#ask("POST", `/deletions/${encodeURIComponent(id)}/undo`, loggersDeletion, null);
  }

  /** The newest first. */
  async all(): Promise<Deletion[]> {
    const { deletions } = await this.#ask("GET", "/deletions", loggersList, null);
    return deletions.sort((one, other) => other.askedMs - one.askedMs);
  }

  async #ask<T>(
    method: "GET" | "POST",
    path: string,
    schema: z.ZodType<T>,
    body: object | null,
    signal: AbortSignal = AbortSignal.timeout(ANSWER_MS_MAX),
  ): Promise<T> {
    try {
      return await this.#logger.ask(method, path, schema, body, signal);
    } catch (error) {
      if (error instanceof RequestFault) throw refusal(error);
      if (!(error instanceof Fault) && !signal.aborted) throw error;
      throw away(error);
    }
  }
}

/** A request as the logger wants it. */
function written({ stream, filters, fromMs, toMs }: DeletionRequest): object {
  const isoTime = createIsoTime();
  return { stream, filters, from: isoTime(usOf(fromMs)), to: isoTime(usOf(toMs)) };
}

function refusal({ status, problems }: RequestFault): RequestFault {
  // The token is this service's matter: who asks has signed in.
  if (status === 401) {
    const problem = "the logger does not take the token of the dashboard";
    return fault(problem, `Give both the same LOGGER_TOKEN_FILE. ${NOTHING_DONE}`);
  }
  return new RequestFault(
    status,
    problems.map(({ field, ...rest }) => ({ ...rest, field: FIELDS[field] ?? field })),
  );
}

const NOTHING_DONE = "Nothing was deleted.";
/** The connection broke, or took too long. */
const PERHAPS_DONE =
  "Look into the list of deletions when it is back: it may have got the request.";
const NOT_REACHED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

function away(error: unknown): RequestFault {
  if (!(error instanceof Fault)) {
    return fault("the logger took too long to answer", PERHAPS_DONE);
  }
  const { cause } = error;
  const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
  // Without a token nothing is sent.
  const isSent = cause instanceof TypeError && !NOT_REACHED.has(errorCode(reason) ?? "");
  return fault(error.message, `${error.remedy} ${isSent ? PERHAPS_DONE : NOTHING_DONE}`);
}

function fault(problem: string, remedy: string): RequestFault {
  return new RequestFault(503, [{ field: "logger", value: null, problem, remedy }]);
}
