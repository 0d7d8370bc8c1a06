/** What span of time a chart shows. */
export interface Range {
  spanMs: number;
  /** Where it ends; `null`: now, and it slides. */
  toMs: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const PRESETS = [
  { name: "15m", label: "15 min", spanMs: 15 * MINUTE },
  { name: "1h", label: "1 h", spanMs: HOUR },
  { name: "24h", label: "24 h", spanMs: DAY },
  { name: "7d", label: "7 d", spanMs: 7 * DAY },
  { name: "30d", label: "30 d", spanMs: 30 * DAY },
  { name: "1y", label: "1 y", spanMs: 365 * DAY },
] as const;

/** An hour, by the minute. */
export const FIRST_RANGE: Range = { spanMs: HOUR, toMs: null };

const SPAN_MS_MIN = 10_000;
const SPAN_MS_MAX = 100 * 365 * DAY;
const BUCKETS_MAX = 600;
/** A bucket narrower than this is no longer seen. */
const BUCKET_PIXELS_MIN = 2;
/** A window that is drawn wider does not ask for each pixel. */
const BUCKETS_STEP = 50;

/** The range in the query of an address: `range=1h`, `range=2700s`, or `from` and `to` in epoch milliseconds. */
export function readRange(query: URLSearchParams): Range {
  const name = query.get("range");
  const preset = PRESETS.find((one) => one.name === name);
  if (preset !== undefined) return { spanMs: preset.spanMs, toMs: null };
  const seconds = /^(\d{1,10})s$/.exec(name ?? "")?.[1];
  if (seconds !== undefined) return { spanMs: bounded(Number(seconds) * 1_000), toMs: null };
  const fromMs = timeIn(query.get("from"));
  const toMs = timeIn(query.get("to"));
  if (fromMs === null || toMs === null || toMs <= fromMs) return FIRST_RANGE;
  return { spanMs: bounded(toMs - fromMs), toMs };
}

/** The same, as the keys of a query. */
export function rangeQuery({ spanMs, toMs }: Range): Record<string, string> {
  if (toMs !== null) return { from: String(Math.round(toMs - spanMs)), to: String(toMs) };
  return { range: presetOf({ spanMs, toMs }) ?? `${Math.round(spanMs / 1_000)}s` };
}

/** The name of the preset that a range is; `null` for others. */
export function presetOf({ spanMs, toMs }: Range): string | null {
  if (toMs !== null) return null;
  return PRESETS.find((one) => one.spanMs === spanMs)?.name ?? null;
}

export function edgesOfRange({ spanMs, toMs }: Range, nowMs: number) {
  const endMs = toMs ?? nowMs;
  return { fromMs: Math.max(0, endMs - spanMs), toMs: endMs };
}

/** Half a span into the past (-1) or towards now (1). What would end after now ends now. */
export function shifted(range: Range, direction: -1 | 1, nowMs: number): Range {
  const toMs = (range.toMs ?? nowMs) + (direction * range.spanMs) / 2;
  return { spanMs: range.spanMs, toMs: toMs >= nowMs ? null : Math.round(toMs) };
}

/** Around its middle; a range that ends now still ends now. */
export function zoomed(range: Range, factor: number): Range {
  const spanMs = Math.round(bounded(range.spanMs * factor));
  if (range.toMs === null) return { spanMs, toMs: null };
  return { spanMs, toMs: Math.round(range.toMs + (spanMs - range.spanMs) / 2) };
}

/** From one time to another, in any order. */
export function selected(oneMs: number, otherMs: number): Range {
  const spanMs = bounded(Math.round(Math.abs(otherMs - oneMs)));
  return { spanMs, toMs: Math.round(Math.min(oneMs, otherMs)) + spanMs };
}

/** How many buckets fit into so many pixels. An hour is always shown by the minute. */
export function bucketsOf({ spanMs }: Range, widthPixels: number): number {
  // An hour that begins within a minute touches 61 of them.
  if (spanMs === HOUR) return 61;
  const fitting = Math.floor(widthPixels / BUCKET_PIXELS_MIN / BUCKETS_STEP) * BUCKETS_STEP;
  return Math.max(BUCKETS_STEP, Math.min(BUCKETS_MAX, fitting));
}

function timeIn(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

function bounded(spanMs: number): number {
  return Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, spanMs));
}
