import uPlot from "uplot";
import type { Series } from "../../src/contract/series.ts";
import { axisTimes } from "./axis-times.ts";
import { type Column, isolatedPoints, type Lines } from "./lines.ts";
import { lineStyle, translucent } from "./palette.ts";
import { axisRange, fractionDigits, type Scale, scaleKey, scalesOf } from "./scales.ts";

/** A series on a chart. Its place in the list of all decides its colour. */
export interface Shown {
  series: Series;
  place: number;
}

/** A moment on the chart. Marks that are weak are drawn below the others, and dashed. */
export interface ChartMark {
  atMs: number;
  isWeak: boolean;
}

interface PlotData {
  timesMs: readonly number[];
  lines: readonly Lines[];
  fromMs: number;
  toMs: number;
}

export interface PlotOptions {
  shown: readonly Shown[];
  marks: readonly ChartMark[];
  locale: readonly string[];
  timeZone: string;
  width: number;
  height: number;
  /** A span was dragged. */
  onSelect: (fromMs: number, toMs: number) => void;
  onDoubleClick: () => void;
  /** The place of the bucket under the cursor, and where that is in CSS pixels; `null` for none. */
  onCursor: (at: { place: number; leftPixels: number } | null) => void;
}

/** A drag shorter than this is a click. */
const DRAG_PIXELS_MIN = 8;
const BAND_OPACITY = 0.16;
const BAR_OPACITY = 0.7;

/** A chart on a canvas, until it is destroyed. */
export class Plot {
  readonly #plot: uPlot;
  readonly #data: PlotData;

  constructor(host: HTMLElement, options: PlotOptions, data: PlotData) {
    this.#data = { ...data };
    this.#plot = new uPlot(uplotOptions(options, this.#data), columnsOf(data), host);
  }

  /** Draws other values of the same series. */
  show(data: PlotData): void {
    Object.assign(this.#data, data);
    this.#plot.setData(columnsOf(data));
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  destroy(): void {
    this.#plot.destroy();
  }
}

function columnsOf({ timesMs, lines }: PlotData): uPlot.AlignedData {
  const columns: Column[] = lines.flatMap(({ line, min, max }) =>
    min === null || max === null ? [line] : [line, min, max],
  );
  return [[...timesMs], ...columns];
}

function uplotOptions(options: PlotOptions, data: PlotData): uPlot.Options {
  const { shown, timeZone, width, height } = options;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const [at, one] of shown.entries()) {
    const hasBand = data.lines[at]?.min !== null;
    series.push(lineOptions(one));
    if (!hasBand) continue;
    const colour = token(lineStyle(one.place).token);
    const edge: uPlot.Series = {
      scale: scaleKey(one.series),
      points: { show: false },
      ...(one.series.kind === "state" ? { paths: steps } : {}),
    };
    bands.push({
      series: [series.length + 1, series.length],
      fill: translucent(colour, BAND_OPACITY),
    });
    series.push(edge, { ...edge });
  }
  const scales = scalesOf(shown.map((one) => one.series));
  const hasRight = scales.some(({ side }) => side === "right");
  return {
    width,
    height,
    ms: 1,
    tzDate: (atMs) => uPlot.tzDate(new Date(atMs), timeZone),
    // Half of a mark of an axis needs room.
    padding: [8, hasRight ? 0 : 20, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [data.fromMs, data.toMs] },
      ...Object.fromEntries(scales.map(({ key, kind }) => [key, { range: valueRange(kind) }])),
    },
    series,
    bands,
    axes: [timeAxis(options), ...scales.filter(({ side }) => side !== null).map(valueAxis)],
    cursor: cursorOptions(options),
    hooks: {
      draw: [(plot) => drawMarks(plot, options.marks)],
      setSelect: [
        (plot) => {
          const { left, width: pixels } = plot.select;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          if (pixels < DRAG_PIXELS_MIN) return;
          options.onSelect(plot.posToVal(left, "x"), plot.posToVal(left + pixels, "x"));
        },
      ],
      setCursor: [
        ({ cursor }) => {
          const { idx, left } = cursor;
          const isThere = idx != null && left !== undefined && left >= 0;
          options.onCursor(isThere ? { place: idx, leftPixels: left } : null);
        },
      ],
    },
  };
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const isWeak of [true, false]) {
    ctx.strokeStyle = token(isWeak ? "--ink-2" : "--accent");
    ctx.setLineDash(isWeak ? [2 * devicePixelRatio, 4 * devicePixelRatio] : []);
    for (const mark of marks) {
      if (mark.isWeak !== isWeak) continue;
      const x = Math.round(plot.valToPos(mark.atMs, "x", true));
      if (x < bbox.left || x > right) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
  ctx.restore();
}

const steps = uPlot.paths.stepped?.({ align: 1 }) ?? (() => null);
const bars = uPlot.paths.bars?.({ size: [0.8, 40, 1], align: 0 }) ?? (() => null);

function lineOptions({ series, place }: Shown): uPlot.Series {
  const { token: name, dash } = lineStyle(place);
  const colour = token(name);
  const common: uPlot.Series = {
    scale: scaleKey(series),
    stroke: colour,
    width: 1.75,
    dash: [...dash],
    points: {
      show: true,
      size: 5,
      fill: colour,
      // Lines reach all others.
      filter: (plot, at) => isolatedPoints(plot.data[at] as Column),
    },
  };
  if (series.kind === "counter")
    return {
      ...common,
      paths: bars,
      width: 0,
      fill: translucent(colour, BAR_OPACITY),
      points: { show: false },
    };
  return series.kind === "state" ? { ...common, paths: steps } : common;
}

function cursorOptions({ onDoubleClick }: PlotOptions): uPlot.Cursor {
  return {
    y: false,
    drag: { x: true, y: false, setScale: false },
    points: {
      // Only lines carry a mark under the cursor, the edges of bands do not.
      size: (plot, at) => (plot.series[at]?.stroke === undefined ? 0 : 7),
      width: 0,
    },
    bind: {
      dblclick: () => {
        return () => {
          onDoubleClick();
          return null;
        };
      },
    },
  };
}

function valueRange(kind: Scale["kind"]): uPlot.Range.Function {
  return (_plot, min, max) => (min == null || max == null ? [0, 1] : axisRange(kind, min, max));
}

function timeAxis({ locale, timeZone }: PlotOptions): uPlot.Axis {
  const label = axisTimes(locale, timeZone);
  return {
    font: axisFont(),
    stroke: () => token("--ink-2"),
    grid: gridLines(),
    ticks: { show: false },
    border: { show: false },
    size: 40,
    gap: 6,
    space: 64,
    values: (_plot, marks, _axis, _space, incrementMs) => label(marks, incrementMs),
  };
}

function valueAxis({ key, side, kind }: Scale): uPlot.Axis {
  return {
    scale: key,
    side: side === "left" ? 3 : 1,
    font: axisFont(),
    stroke: () => token("--ink-2"),
    // Lines of two axes would cross out each other.
    grid: side === "left" ? gridLines() : { show: false },
    ticks: { show: false },
    space: 36,
    gap: 6,
    size: (_plot, values) =>
      Math.max(32, 14 + 7.2 * Math.max(0, ...(values ?? []).map((text) => text.length))),
    values: (_plot, marks, _axis, _space, increment) =>
      kind === "state"
        ? marks.map((mark) => (Number.isInteger(mark) ? String(mark) : ""))
        : valueLabels(marks, increment),
  };
}

function valueLabels(marks: readonly number[], increment: number): string[] {
  const digits = fractionDigits(increment);
  const isLarge = Math.max(...marks.map(Math.abs)) >= LARGE_VALUE;
  const format = new Intl.NumberFormat([...navigator.languages], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    ...(isLarge ? { notation: "compact", maximumFractionDigits: Math.max(2, digits) } : {}),
  });
  return marks.map((mark) => format.format(mark).replace("-", "\u2212"));
}

/** From here on an axis writes `1.5M`. */
const LARGE_VALUE = 1e6;

function axisFont(): string {
  return `12px ${getComputedStyle(document.body).fontFamily}`;
}

function gridLines(): uPlot.Axis.Grid {
  return { stroke: () => token("--line"), width: 1 };
}

/** A colour of the stylesheet, for the theme that holds when something is drawn. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#808080";
}
