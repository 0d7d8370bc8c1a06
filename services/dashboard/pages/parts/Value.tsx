import { now } from "../clock.ts";
import { format } from "../preferences.ts";

interface ValueProps {
  value: number | null;
  unit?: string | null | undefined;
  kind?: "gauge" | "counter" | "state" | undefined;
  /** A value that is old looks old. */
  isOld?: boolean | undefined;
}

/** A number with its unit. */
export function Value({ value, unit = null, kind, isOld = false }: ValueProps) {
  const name = isOld ? "value old" : "value";
  if (value === null) return <span class={name}>–</span>;
  if (kind === "state" && unit === null && (value === 0 || value === 1)) {
    return <span class={name}>{value === 1 ? "on" : "off"}</span>;
  }
  const quantity = format.value.quantity(value, unit);
  return (
    <span class={name} title={String(value)}>
      {quantity.text}
      {quantity.unit === null ? null : <span class="unit">{quantity.unit}</span>}
    </span>
  );
}

/** How long ago, as words that go on by themselves; the full time is in the tooltip. */
export function Age({ atMs }: { atMs: number | null }) {
  if (atMs === null) return <span class="age">never</span>;
  const { age, full } = format.value;
  return (
    <time class="age" dateTime={new Date(atMs).toISOString()} title={full(atMs)}>
      {age(atMs, now.value)}
    </time>
  );
}

/** A time by the clock, with the day where it is not today. */
export function Time({ atMs, seconds = false }: { atMs: number; seconds?: boolean }) {
  const { when, clockSeconds, day, full } = format.value;
  const isToday = day(atMs) === day(now.value);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={full(atMs)}>
      {seconds && isToday ? clockSeconds(atMs) : when(atMs, now.value)}
    </time>
  );
}
