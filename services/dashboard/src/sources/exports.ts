import { once } from "node:events";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { type Clock, EXIT_CODES, Fault, type Logger, RequestFault } from "@weir/runtime";
import { readRange, type Skipped } from "@weir/store";
import {
  createMessageCsv,
  createMessageJsonLines,
  exportPoints,
  type HistorySource,
} from "@weir/streams";
import type { PointsExportQuery, RowsExportQuery } from "../contract/exports.ts";
import { usOf } from "../contract/times.ts";
import type { SeriesCatalogue } from "./catalogue-cache.ts";
import { namedSeries } from "./named-series.ts";
import { Places } from "./places.ts";

/** A file that is made while it is sent. */
export interface Export {
  /** Of letters, digits, dots, underscores and hyphens only. */
  fileName: string;
  /** Its first part is there: what is wrong from the beginning was thrown. */
  content: Readable;
}

export interface ExportsOptions extends Pick<HistorySource, "streams" | "indexFile" | "skewUs"> {
  catalogue: SeriesCatalogue;
  clock: Clock;
  logger: Logger;
}

type Parts = AsyncGenerator<string | Buffer, void, void>;

const AT_ONCE = 3;
const WAITING_MAX = 10;
/** While rows are read, nothing else of the process goes on. */
const TRANSACTION_MS_MAX = 20;
/** Longer texts are sent before the rest of a page is made. */
const TEXT_LENGTH = 64 * 1024;

/** Makes files of points and of messages, a few at once. */
export class Exports {
  readonly #options: ExportsOptions;
  readonly #places = new Places({ atOnce: AT_ONCE, waitingMax: WAITING_MAX, what: "exports" });

  constructor(options: ExportsOptions) {
    this.#options = options;
  }

  /**
   * The points of series.
   *
   * @param signal aborts when who asks has left; so it is for rows.
   * @throws RequestFault for what is wrong with the query, and where too many wait; Fault when it cannot be read.
   */
  async points(query: PointsExportQuery, signal: AbortSignal): Promise<Export> {
    const { catalogue, streams, indexFile, skewUs } = this.#options;
    const series = namedSeries(catalogue, query.series);
    const span = this.#spanOf(query);
    const nowUs = this.#options.clock.now() * 1_000;
    const source = { streams, indexFile, skewUs, nowUs, signal, onSkipped: this.#onSkipped(query) };
    const forSpreadsheet = query.forSpreadsheet === "true";
    const [first] = series;
    const what =
      series.length === 1 && first !== undefined ? `${first.topic}-${first.path}` : "points";
    return {
      fileName: fileNameOf(what, span, query.format),
      content: await this.#begin(
        exportPoints({ series, ...span }, source, query.format, { forSpreadsheet }),
        signal,
      ),
    };
  }

  /** The messages of a stream. */
  async rows(query: RowsExportQuery, signal: AbortSignal): Promise<Export> {
    const span = this.#spanOf(query);
    return {
      fileName: fileNameOf(query.stream, span, query.format),
      content: await this.#begin(this.#messages(query, span, signal), signal),
    };
  }

  /** Waits for a place, and for the first part. */
  async #begin(parts: Parts, signal: AbortSignal): Promise<Readable> {
    const place = await this.#places.take(signal);
    const content = Readable.from(parts, { objectMode: false });
    content.once("close", () => place[Symbol.dispose]());
    signal.addEventListener("abort", () => content.destroy());
    await once(content, "readable", { signal });
    return content;
  }

  async *#messages(
    { stream: name, filter, format, forSpreadsheet, ...query }: RowsExportQuery,
    span: Span,
    signal: AbortSignal,
  ): Parts {
    const stream = this.#options.streams.find((one) => one.name === name);
    if (stream === undefined) throw this.#noStream(name);
    const onSkipped = this.#onSkipped(query);
    const { header, line } =
      format === "csv"
        ? createMessageCsv({ forSpreadsheet: forSpreadsheet === "true" })
        : createMessageJsonLines();
    let text = header;
    for await (const page of readRange(stream.place, {
      ...span,
      filters: filter === undefined ? [] : [filter],
      transactionMsMax: TRANSACTION_MS_MAX,
    })) {
      signal.throwIfAborted();
      page.skipped.forEach(onSkipped);
      for (const message of page.messages) {
        text += line(message);
        if (text.length < TEXT_LENGTH) continue;
        yield text;
        text = "";
      }
    }
    yield text;
  }

  /** What was removed meanwhile is gone for everybody; what is damaged ends the export, unless it is to be left out. */
  #onSkipped({ skipUnreadable }: { skipUnreadable: string }): (skipped: Skipped) => void {
    return ({ kind, segment, reason }) => {
      this.#options.logger.warn({ segment, reason }, "an export leaves something out");
      if (kind === "removed" || skipUnreadable === "true") return;
      throw new Fault(`${basename(segment)} is damaged: ${reason}`, {
        remedy: "Repeat it with skipUnreadable=true: then it leaves out what is damaged.",
        exitCode: EXIT_CODES.unavailable,
      });
    };
  }

  #spanOf({
    fromMs,
    toMs = this.#options.clock.now(),
  }: {
    fromMs: number;
    toMs?: number | undefined;
  }): Span {
    if (fromMs < toMs) return { fromUs: usOf(fromMs), toUs: usOf(toMs) };
    const problem = "it is not after fromMs";
    const remedy = "Give the beginning as fromMs, and the end as toMs.";
    throw new RequestFault(400, [{ field: "toMs", value: toMs, problem, remedy }]);
  }

  #noStream(name: string): RequestFault {
    const names = this.#options.streams.map((one) => one.name);
    const problem = "there is no such stream";
    const remedy = `Name one of ${names.join(", ")}.`;
    return new RequestFault(404, [{ field: "stream", value: name, problem, remedy }]);
  }
}

interface Span {
  fromUs: number;
  toUs: number;
}

const NAME_LENGTH_MAX = 80;

/** Names and topics come from outside: what could mean anything in a header or a path is replaced. */
function fileNameOf(what: string, { fromUs, toUs }: Span, format: string): string {
  const safe = what.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, NAME_LENGTH_MAX);
  const date = (us: number): string =>
    new Date(us / 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `weir-${safe}-${date(fromUs)}-${date(toUs)}.${format}`;
}
