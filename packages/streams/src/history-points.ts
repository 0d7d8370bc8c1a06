import { basename } from "node:path";
import { EXIT_CODES, errorCode, Fault } from "@weir/runtime";
import {
  type DamagedFileFault,
  mergePoints,
  NO_POINTS,
  Pace,
  type Points,
  PointsReader,
  type Run,
  StoredPoints,
  sliceTime,
  sortByTime,
} from "@weir/series";
import { formatPoints, type PointsFormat, type PointsOfSeries } from "./export/point-formats.ts";
import type { HistoryQuestion, HistorySource } from "./history.ts";
import {
  goneFault,
  inStoredOrder,
  masksBeside,
  onlyOnce,
  SNAPSHOTS_MAX,
} from "./history-answers.ts";
import { readPoints } from "./history-rows.ts";
import type { StoredStream } from "./stream-config.ts";

/** Which points are exported: those that were observed in `fromUs <= us < toUs`. */
export type PointsQuestion = Pick<HistoryQuestion, "series" | "fromUs" | "toUs">;

/** Series of one export at most. */
const SERIES_MAX = 100;
/** Points that are not in the history yet, and are sorted in memory: less than 100 MB. */
const POINTS_BEHIND_MAX = 2_000_000;
const DAY_US = 86_400_000_000;

/**
 * The points of series, as parts of a file: series after series, each in the order of time. Those that deletions hide
 * are left out. Its signal ends it with its reason. `forSpreadsheet` puts an apostrophe in CSV in front of what
 * spreadsheets take for a formula.
 *
 * @throws Fault for too many series, for too many points that are not in the history, and when a store cannot be read.
 */
export function exportPoints(
  question: PointsQuestion,
  source: HistorySource,
  format: PointsFormat,
  options: { forSpreadsheet?: boolean } = {},
): AsyncGenerator<string | Buffer, void, void> {
  return formatPoints(pointsOf(question, source), format, options);
}

/** Where reading goes on: with this series, from this time. */
interface Progress {
  index: number;
  fromUs: number;
}

async function* pointsOf(
  { series, fromUs, toUs }: PointsQuestion,
  source: HistorySource,
): AsyncGenerator<PointsOfSeries> {
  if (series.length > SERIES_MAX) throw tooManySeries(series.length);
  const given = { ...source, onSkipped: onlyOnce(source.onSkipped) };
  for (const stream of source.streams) {
    const asked = series.filter((one) => one.stream === stream.name).toSorted(inStoredOrder);
    const progress: Progress = { index: 0, fromUs };
    let snapshots = 0;
    while (progress.index < asked.length) {
      try {
        for await (const part of pointsOfSnapshot(
          { series: asked, fromUs, toUs },
          { stream, source: given, progress },
        )) {
          snapshots = 0;
          yield part;
        }
      } catch (error) {
        // Files were merged meanwhile: the next snapshot has what took their place.
        if (errorCode(error) !== "ENOENT") throw error;
        snapshots += 1;
        if (snapshots === SNAPSHOTS_MAX) throw goneFault(error);
      }
    }
  }
}

async function* pointsOfSnapshot(
  { series, fromUs, toUs }: PointsQuestion,
  { stream, source, progress }: { stream: StoredStream; source: HistorySource; progress: Progress },
): AsyncGenerator<PointsOfSeries> {
  const pace = new Pace(source.signal);
  const asked = series.slice(progress.index);
  using stored =
    stream.historyMs === null
      ? null
      : StoredPoints.open(source.indexFile, masksBeside(source.indexFile));
  const through = stored?.through(stream.name) ?? null;
  const points = through === null ? null : stored;
  const keptFromUs = stored?.keptFromUs(stream.name) ?? Number.NEGATIVE_INFINITY;
  const ids = asked.map(({ topic, path }) => points?.find(stream.name, topic, path) ?? null);
  const known = ids.filter((id) => id !== null);
  const runsById = points?.runsOfAll(known, fromUs, toUs) ?? new Map<number, Run[]>();
  // Whoever takes the export may be slow, and must not keep the index from being tidied.
  stored?.endSnapshot();
  const onDamaged = ({ file, message }: DamagedFileFault): void =>
    source.onSkipped({ segment: basename(file), kind: "unreadable", reason: message });
  const behind = await pointsBehind(
    { series: asked, fromUs: Math.max(fromUs, keptFromUs), toUs },
    { stream, source, pace, query: through === null ? {} : { behind: through } },
  );

  for (const [index, one] of asked.entries()) {
    const id = ids[index] ?? null;
    const runs = id === null ? [] : (runsById.get(id) ?? []);
    const reader =
      points === null || id === null
        ? null
        : new PointsReader({ points, id, onDamaged }, () => runs);
    const later = behind[index] ?? NO_POINTS;
    for (const day of daysOf([...runs, ...extentOf(later)], { fromUs: progress.fromUs, toUs })) {
      source.signal.throwIfAborted();
      await pace.breathe();
      const earlier = (await reader?.between(day, pace)) ?? NO_POINTS;
      const part = mergePoints([earlier, sliceTime(later, day.fromUs, day.toUs)]);
      progress.fromUs = day.toUs;
      if (part.us.length > 0) yield { series: one, points: part };
    }
    progress.index += 1;
    progress.fromUs = fromUs;
  }
}

/** The points of rows that are not in the history yet, in the order of time. */
async function pointsBehind(
  { series, fromUs, toUs }: PointsQuestion,
  {
    stream,
    source,
    pace,
    query,
  }: {
    stream: StoredStream;
    source: HistorySource;
    pace: Pace;
    query: Parameters<typeof readPoints>[0]["query"];
  },
): Promise<Points[]> {
  const arrived = series.map(() => ({ us: [] as number[], values: [] as number[] }));
  let count = 0;
  const received = { fromUs: Math.floor(fromUs) - source.skewUs };
  const rows = { ...source, stream, asked: series, query: { ...query, ...received }, pace };
  await readPoints(rows, (index, us, value) => {
    if (us < fromUs || us >= toUs) return;
    count += 1;
    if (count > POINTS_BEHIND_MAX) throw tooManyPoints(stream.name);
    arrived[index]?.us.push(us);
    arrived[index]?.values.push(value);
  });
  const sorted: Points[] = [];
  for (const { us, values } of arrived) {
    const points = { us: Float64Array.from(us), values: Float64Array.from(values) };
    sorted.push(await sortByTime(points, pace));
  }
  return sorted;
}

interface Extent {
  firstUs: number;
  lastUs: number;
}

function extentOf({ us }: Points): Extent[] {
  const [firstUs] = us;
  const lastUs = us.at(-1);
  return firstUs === undefined || lastUs === undefined ? [] : [{ firstUs, lastUs }];
}

/** The days of a span that have anything in them, in order: so much is in memory at a time. */
function* daysOf(
  extents: readonly Extent[],
  { fromUs, toUs }: { fromUs: number; toUs: number },
): Generator<{ fromUs: number; toUs: number }> {
  let reachedUs = fromUs;
  for (const { firstUs, lastUs } of extents.toSorted((one, other) => one.firstUs - other.firstUs)) {
    reachedUs = Math.max(reachedUs, firstUs);
    while (reachedUs <= lastUs && reachedUs < toUs) {
      const endUs = Math.min(toUs, (Math.floor(reachedUs / DAY_US) + 1) * DAY_US);
      yield { fromUs: reachedUs, toUs: endUs };
      reachedUs = endUs;
    }
  }
}

function tooManySeries(count: number): Fault {
  return new Fault(`series: there are ${count}`, {
    remedy: `Ask for at most ${SERIES_MAX} at once.`,
    exitCode: EXIT_CODES.configuration,
  });
}

function tooManyPoints(stream: string): Fault {
  return new Fault(
    `more than ${POINTS_BEHIND_MAX} points of the stream ${stream} are not in its history`,
    {
      remedy: "Ask for fewer series, or for a shorter time.",
      exitCode: EXIT_CODES.configuration,
    },
  );
}
