import { setImmediate as yieldToEvents } from "node:timers/promises";
import { type Clock, RequestFault, type RequestProblem } from "@weir/runtime";
import { type Bucket, edgesOf } from "@weir/series";
import { deletionsFileOf, type RowPosition } from "@weir/store";
import { type HistorySource, readHistory, timeZoneProblem } from "@weir/streams";
import { encodePositions } from "../contract/positions.ts";
import type { History, HistoryQuery } from "../contract/series.ts";
import { usOf } from "../contract/times.ts";
import { type ListedSeries, type SeriesCatalogue, toContract } from "./catalogue-cache.ts";
import { fileStamp } from "./file-stamp.ts";
import { namedSeries } from "./named-series.ts";
import { Places } from "./places.ts";
import { SharedAnswers } from "./shared-answers.ts";

/** Buckets of all series together in one answer. */
const CELLS_MAX = 50_000;
const AT_ONCE = 2;
const WAITING_MAX = 100;
/** A stream without a history answers out of its rows, which may take long. */
const ANSWER_MS_MAX = 60_000;

/** Where no row is stored: before the first one. */
const BEGINNING: RowPosition = { segment: "", id: 0 };

export interface HistoryAnswersOptions
  extends Pick<HistorySource, "streams" | "indexFile" | "skewUs"> {
  catalogue: SeriesCatalogue;
  clock: Clock;
}

/** A question, as it was understood. */
interface Asked {
  fromUs: number;
  toUs: number;
  nowUs: number;
  edgesMs: readonly number[];
  series: readonly ListedSeries[];
}

/** Answers questions for the history of series: a few at once, and the same question once for all who ask it. */
export class HistoryAnswers {
  readonly #options: HistoryAnswersOptions;
  readonly #shared: SharedAnswers;
  readonly #places = new Places({
    atOnce: AT_ONCE,
    waitingMax: WAITING_MAX,
    what: "questions for history",
  });

  constructor(options: HistoryAnswersOptions) {
    this.#options = options;
    this.#shared = new SharedAnswers(options.clock);
  }

  /**
   * What series were like over time.
   *
   * @param signal aborts when who asks has left.
   * @returns JSON of the contract's form.
   * @throws RequestFault for what is wrong with the query, and where too many wait; Fault when it cannot be read.
   */
  async ask(query: HistoryQuery, signal: AbortSignal): Promise<string> {
    const { catalogue, clock, indexFile, streams } = this.#options;
    const nowUs = clock.now() * 1_000;
    const span = {
      fromUs: usOf(query.fromMs),
      toUs: query.toMs === undefined ? nowUs : usOf(query.toMs),
    };
    const series = namedSeries(catalogue, query.series);
    check(query, span, series, new Set(streams.map(({ name }) => name)));
    const { step, us } = edgesOf(span, query.buckets, query.timeZone);
    // The bucket before the first one is not part of the answer.
    const edgesMs = us.slice(1).map((edge) => edge / 1_000);
    const names = series.map((one) => one.series);
    // Buckets are whole: questions of the same buckets are the same. What was deleted is gone at once.
    const hidden = fileStamp(deletionsFileOf(indexFile));
    const question = JSON.stringify([
      step,
      edgesMs.at(0),
      edgesMs.at(-1),
      query.timeZone,
      hidden,
      names,
    ]);
    return await this.#shared.ask(question, signal, async (ending) => {
      const limited = AbortSignal.any([ending, AbortSignal.timeout(ANSWER_MS_MAX)]);
      using _place = await this.#places.take(limited);
      try {
        return await this.#find(query, { ...span, nowUs, edgesMs, series }, limited);
      } catch (error) {
        if (limited.aborted && !ending.aborted) throw tookTooLong();
        throw error;
      }
    });
  }

  async #find(
    { buckets: bucketsMax, timeZone }: HistoryQuery,
    { fromUs, toUs, nowUs, edgesMs, series }: Asked,
    signal: AbortSignal,
  ): Promise<string> {
    const { indexFile, skewUs } = this.#options;
    const asked = new Set(series.map(({ stream }) => stream));
    const streams = this.#options.streams.filter(({ name }) => asked.has(name));
    const skipped: string[] = [];
    const question = { series, fromUs, toUs, bucketsMax, timeZone, isThorough: false };
    const { step, answers, through } = await readHistory(question, {
      ...{ streams, indexFile, skewUs, nowUs, signal },
      onSkipped: ({ reason }) => skipped.push(reason),
    });
    const positions = new Map(
      [...through].map(([stream, position]) => [stream, position ?? BEGINNING]),
    );
    const about = {
      step,
      edgesMs: [...edgesMs],
      through: encodePositions(positions),
      skipped,
    } satisfies Omit<History, "series">;
    const texts: string[] = [];
    for (const [index, { buckets }] of answers.entries()) {
      texts.push(JSON.stringify(inColumns(series[index] as ListedSeries, buckets)));
      await yieldToEvents();
      signal.throwIfAborted();
    }
    return `${JSON.stringify(about).slice(0, -1)},"series":[${texts.join(",")}]}`;
  }
}

function inColumns(series: ListedSeries, buckets: readonly Bucket[]): History["series"][number] {
  const column = <T>(value: (bucket: Bucket) => T): T[] => buckets.map(value);
  const { kind } = series;
  return {
    series: toContract(series),
    count: column(({ count }) => count),
    min: column(({ min }) => min),
    max: column(({ max }) => max),
    average: column(({ average }) => average),
    last: column(({ last }) => last?.value ?? null),
    lastMs: column(({ last }) => (last === null ? null : last.us / 1_000)),
    increase: column(({ increase }) => (kind === "counter" ? increase : null)),
    share: column(({ timeWeightedAverage }) => timeWeightedAverage),
    transitions: column(({ transitions }) => (kind === "state" ? transitions : null)),
  };
}

/** @throws RequestFault with every problem. */
function check(
  { buckets, timeZone }: HistoryQuery,
  { fromUs, toUs }: { fromUs: number; toUs: number },
  series: readonly ListedSeries[],
  streams: ReadonlySet<string>,
): void {
  const problems: RequestProblem[] = [];
  const add = (field: string, value: unknown, problem: string, remedy: string): void => {
    problems.push({ field, value, problem, remedy });
  };
  const zoneProblem = timeZoneProblem(timeZone);
  if (zoneProblem !== null) add("timeZone", timeZone, zoneProblem, "Correct it, and ask again.");
  if (fromUs >= toUs) {
    const field = toUs / 1_000;
    add(
      "toMs",
      field,
      "it is not after fromMs",
      "Give the beginning as fromMs, and the end as toMs.",
    );
  }
  if (series.length * buckets > CELLS_MAX) {
    const most = Math.floor(CELLS_MAX / series.length);
    const problem = `${series.length} series with ${buckets} buckets each are too much for one answer`;
    add("buckets", buckets, problem, `Give at most ${most}, or ask for fewer series.`);
  }
  for (const one of series) {
    if (streams.has(one.stream)) continue;
    const problem = `its stream ${one.stream} is not in weir.yaml any more`;
    add("series", one.series, problem, "Configure the stream, or leave out the series.");
  }
  if (problems.length > 0) throw new RequestFault(400, problems);
}

function tookTooLong(): RequestFault {
  const problem = `it took longer than ${ANSWER_MS_MAX / 1_000} s`;
  const remedy =
    "Ask for a shorter time, or let the stream keep its history (history in weir.yaml).";
  return new RequestFault(503, [{ field: "fromMs", value: null, problem, remedy }]);
}
