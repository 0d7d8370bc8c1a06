import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { serverNow } from "../clock.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import type { Newest } from "../parts/newest.ts";
import { format, theme } from "../preferences.ts";
import { ChartReading } from "./ChartReading.tsx";
import { ChartTable } from "./ChartTable.tsx";
import { useFeed } from "./feed.ts";
import { linesOf, timesOf } from "./lines.ts";
import { type ChartMark, Plot, type Shown } from "./plot.ts";
import { RangePicker } from "./RangePicker.tsx";
import { bucketsOf, edgesOfRange, type Range, selected, shifted, zoomed } from "./range.ts";
import { axisLabel, scalesOf } from "./scales.ts";
import { summaryOf } from "./summary.ts";
import { useDark } from "./use-dark.ts";
import { useWidth } from "./use-width.ts";

interface HistoryChartProps {
  /** The names of the series. */
  names: readonly string[];
  /** The place of each in the list that gives colours; default: its place in `names`. */
  placeOf?: (name: string) => number;
  range: Range;
  onRange: (range: Range) => void;
  isPaused?: boolean;
  /** How many points wait while the page pauses. */
  onWaiting?: (points: number) => void;
  /** The newest value of each series by its name, whenever it changes. */
  onNewest?: (newest: ReadonlyMap<string, Newest>) => void;
  /** Another number asks for the history once more. */
  refresh?: number;
  /** Moments to mark on it; what they are is said beside the chart. */
  marks?: readonly ChartMark[];
  /** The legend. */
  children?: ComponentChildren;
}

const HEIGHT = 320;
const HEIGHT_NARROW = 240;
const NARROW_PIXELS = 520;

/** Series over a range of time, and live: picker, chart, values under the cursor, and the same as a table. */
export function HistoryChart(props: HistoryChartProps) {
  const { names, range, onRange, isPaused = false, onWaiting, onNewest, refresh = 0 } = props;
  const { placeOf = (name) => names.indexOf(name), marks = [] } = props;
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const zone = format.value.zone;
  const buckets = width === 0 ? 0 : bucketsOf(range, width);
  const feed = useFeed({ names, range, buckets, timeZone: zone, isPaused, refresh });
  const { history, version, problem, isLoading, waiting, reload } = feed;
  const [cursor, setCursor] = useState<{ place: number; leftPixels: number } | null>(null);
  const wider = useRef<Range[]>([]);

  useEffect(() => onWaiting?.(waiting), [waiting]);
  useEffect(() => {
    if (history === null || onNewest === undefined) return;
    const newest = new Map<string, Newest>();
    for (const { series, last, lastMs } of history.series) {
      const at = last.findLastIndex((value) => value !== null);
      const value = last[at];
      if (value != null) newest.set(series.series, { value, atMs: lastMs[at] ?? 0 });
    }
    onNewest(newest);
  }, [version]);

  const columns = history?.series.filter(({ series }) => names.includes(series.series)) ?? [];
  const shown: Shown[] = columns.map(({ series }) => ({ series, place: placeOf(series.series) }));
  const scales = scalesOf(shown.map(({ series }) => series));
  const endMs = range.toMs ?? (isLoading ? serverNow() : (history?.edgesMs.at(-1) ?? serverNow()));
  const { fromMs, toMs } = edgesOfRange({ ...range, toMs: endMs }, endMs);
  const height = width < NARROW_PIXELS ? HEIGHT_NARROW : HEIGHT;
  const select = (next: Range): void => {
    wider.current = [...wider.current.slice(-20), range];
    onRange(next);
  };
  const actions = {
    onSelect: (oneMs: number, otherMs: number) => select(selected(oneMs, otherMs)),
    onDoubleClick: () => {
      const back = wider.current.pop();
      if (back !== undefined) onRange(back);
    },
  };
  const newestActions = useRef(actions);
  newestActions.current = actions;

  const plot = useRef<Plot | null>(null);
  const look = JSON.stringify([shown, marks, zone, theme.value, useDark()], (key, value) =>
    // What changes with each point has no part in how the chart is built.
    ["points", "newestMs", "receivedMs", "newestValue"].includes(key) ? undefined : value,
  );
  const data = () => ({
    timesMs: history === null ? [] : timesOf(history),
    lines: columns.map((one) => linesOf(one, history?.edgesMs ?? [])),
    fromMs,
    toMs,
  });
  const isDrawn = history !== null && width > 0;
  useLayoutEffect(() => {
    if (!isDrawn || host.current === null) return;
    const options = {
      shown,
      marks,
      locale: navigator.languages,
      timeZone: zone,
      width,
      height,
      onSelect: (oneMs: number, otherMs: number) => newestActions.current.onSelect(oneMs, otherMs),
      onDoubleClick: () => newestActions.current.onDoubleClick(),
      onCursor: setCursor,
    };
    plot.current = new Plot(host.current, options, data());
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [look, isDrawn]);
  useLayoutEffect(() => plot.current?.resize(width, height), [width, height]);
  useLayoutEffect(() => plot.current?.show(data()), [version, fromMs, toMs]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rangeOfKey(event, range);
    if (next === null) return;
    event.preventDefault();
    onRange(next);
  };
  const [left, right] = [scales.find(({ side }) => side === "left"), scales[1]];
  return (
    <figure class="chart">
      <RangePicker range={range} onRange={onRange} />
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      <div class="chart-units" aria-hidden="true">
        <span>{left === undefined ? "" : axisLabel(left)}</span>
        <span>{right === undefined ? "" : axisLabel(right)}</span>
      </div>
      <div
        class="chart-field"
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys shift and zoom
        tabIndex={0}
        aria-busy={isLoading}
        aria-label={history === null ? "Chart" : summaryOf(history, range, format.value)}
        aria-keyshortcuts="ArrowLeft ArrowRight + -"
        onKeyDown={onKeyDown}
        style={{ minBlockSize: `${height}px` }}
      >
        <div ref={host} class="chart-host" />
        {history === null && problem === null ? (
          <Skeleton lines={1} height={`${height}px`} />
        ) : null}
        {history === null || cursor === null ? null : (
          <ChartReading history={history} shown={shown} cursor={cursor} width={width} />
        )}
        {history !== null &&
        !isLoading &&
        columns.every(({ count }) => count.every((one) => one === 0)) ? (
          <p class="chart-none">Nothing is stored of this time.</p>
        ) : null}
      </div>
      {props.children}
      {history?.skipped.map((reason) => (
        <p class="quiet" key={reason}>
          Not all of it could be read: {reason}
        </p>
      ))}
      {history === null ? null : <ChartTable history={history} shown={shown} />}
    </figure>
  );
}

function rangeOfKey({ key }: KeyboardEvent, range: Range): Range | null {
  switch (key) {
    case "ArrowLeft":
      return shifted(range, -1, serverNow());
    case "ArrowRight":
      return shifted(range, 1, serverNow());
    case "+":
    case "=":
      return zoomed(range, 0.5);
    case "-":
      return zoomed(range, 2);
  }
  return null;
}
