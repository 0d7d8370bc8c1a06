import { basename } from "node:path";
import { EXIT_CODES, errorCode, Fault } from "@weir/runtime";
import {
  type CataloguedSeries,
  type DamagedFileFault,
  NO_POINTS,
  Pace,
  type Points,
  PointsReader,
  type Run,
  StoredPoints,
} from "@weir/series";
import type { RowPosition } from "@weir/store";
import type { HistorySource } from "./history.ts";
import { goneFault, masksBeside, onlyOnce, SNAPSHOTS_MAX } from "./history-answers.ts";
import type { StoredStream } from "./stream-config.ts";

/** Which points are played back: those of one stream that were observed in `fromUs <= us < toUs`. */
export interface SpansQuestion {
  series: readonly CataloguedSeries[];
  fromUs: number;
  toUs: number;
}

/** So many points are in a span, as far as they are spread evenly. */
const SPAN_POINTS = 10_000;
const SPAN_US_MIN = 1_000_000;
/** Points of files that are read at one moment: 16 bytes each. */
const OPEN_POINTS_MAX = 16_000_000;

/**
 * The stored points of series of one stream, span after span in the order of time: to play them back. Rows that have
 * no stored points yet are not among them.
 */
export class HistorySpans {
  readonly #question: SpansQuestion;
  readonly #stream: StoredStream;
  readonly #source: HistorySource;
  #reachedUs: number;
  #through: RowPosition | null = null;

  constructor(question: SpansQuestion, stream: StoredStream, source: HistorySource) {
    this.#question = question;
    this.#stream = stream;
    this.#source = { ...source, onSkipped: onlyOnce(source.onSkipped) };
    this.#reachedUs = question.fromUs;
  }

  /** Behind which row points are not stored yet, when every span was read; `null` where the stream has no history. */
  get through(): RowPosition | null {
    return this.#through;
  }

  /**
   * The points of each span, by the series of the question. Spans without any are left out.
   *
   * @throws Fault where too many would be in memory, and when the history cannot be read; the signal's reason.
   */
  async *read(): AsyncGenerator<readonly Points[]> {
    if (this.#stream.historyMs === null) return;
    for (let snapshots = 1; ; snapshots += 1) {
      try {
        for await (const points of this.#readSnapshot()) {
          snapshots = 1;
          yield points;
        }
        return;
      } catch (error) {
        // Files were merged meanwhile: the next snapshot has what took their place.
        if (errorCode(error) !== "ENOENT") throw error;
        if (snapshots === SNAPSHOTS_MAX) throw goneFault(error);
      }
    }
  }

  async *#readSnapshot(): AsyncGenerator<readonly Points[]> {
    const { indexFile, signal, onSkipped } = this.#source;
    const { series, toUs } = this.#question;
    using stored = StoredPoints.open(indexFile, masksBeside(indexFile));
    const progress = stored?.through(this.#stream.name) ?? null;
    if (stored === null || progress === null) return;
    this.#through = { segment: progress.segment, id: progress.id };
    const ids = series.map(({ topic, path }) => stored.find(this.#stream.name, topic, path));
    const known = ids.filter((id) => id !== null);
    const runsById = stored.runsOfAll(known, this.#reachedUs, toUs);
    // Whoever plays it back may be slow, and must not keep the index from being tidied.
    stored.endSnapshot();
    const runs = [...runsById.values()].flat();
    checkOpenPoints(runs);
    const onDamaged = ({ file, message }: DamagedFileFault): void =>
      onSkipped({ segment: basename(file), kind: "unreadable", reason: message });
    const readers = ids.map((id) =>
      id === null
        ? null
        : new PointsReader({ points: stored, id, onDamaged }, () => runsById.get(id) ?? []),
    );
    const pace = new Pace(signal);
    for (const span of spansOf(runs, this.#reachedUs, toUs)) {
      signal.throwIfAborted();
      const points: Points[] = [];
      for (const reader of readers) points.push((await reader?.between(span, pace)) ?? NO_POINTS);
      this.#reachedUs = span.toUs;
      if (points.some(({ us }) => us.length > 0)) yield points;
    }
  }
}

function* spansOf(
  runs: readonly Run[],
  fromUs: number,
  toUs: number,
): Generator<{ fromUs: number; toUs: number }> {
  const firstUs = runs.reduce((least, run) => Math.min(least, run.firstUs), Infinity);
  const lastUs = runs.reduce((greatest, run) => Math.max(greatest, run.lastUs), -Infinity);
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  const lengthUs = Math.max(SPAN_US_MIN, ((lastUs - firstUs) * SPAN_POINTS) / rows);
  const endUs = Math.min(toUs, lastUs + 1);
  for (let reachedUs = Math.max(fromUs, firstUs); reachedUs < endUs; ) {
    const nextUs = Math.min(endUs, Math.ceil(reachedUs + lengthUs));
    yield { fromUs: reachedUs, toUs: nextUs };
    reachedUs = nextUs;
  }
}

/** @throws Fault where runs that lie beside each other have more points than may be in memory. */
function checkOpenPoints(runs: readonly Run[]): void {
  const changes = runs
    .flatMap(({ firstUs, lastUs, rows }) => [
      { us: firstUs, rows },
      { us: lastUs + 1, rows: -rows },
    ])
    .sort((one, other) => one.us - other.us || one.rows - other.rows);
  let open = 0;
  for (const { rows } of changes) {
    open += rows;
    if (open <= OPEN_POINTS_MAX) continue;
    throw new Fault(
      `more than ${OPEN_POINTS_MAX} points would be in memory at one moment: there are too many series`,
      {
        remedy: "Name fewer series, or a shorter time.",
        exitCode: EXIT_CODES.configuration,
      },
    );
  }
}
