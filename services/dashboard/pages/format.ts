const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MINUS = "\u2212";
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** A number and its unit, apart: pages set the unit smaller. */
interface Quantity {
  text: string;
  unit: string | null;
}

/** How pages write numbers and times: in one locale and one time zone. */
export interface Format {
  /** The IANA name of the zone. */
  readonly zone: string;
  /** Three significant digits, whole numbers from 100 on; a value far from 1 as a power of ten. */
  number(value: number): string;
  /** Always three significant digits, `46.0`, so that a live number keeps its width. */
  steady(value: number): string;
  /** A whole number with separators. */
  count(value: number): string;
  /** A share of 1 as a tenths, without the sign. */
  percent(share: number): string;
  /** A value of a series: bytes and seconds in the unit that fits. */
  quantity(value: number, unit: string | null): Quantity;
  bytes(value: number): string;
  /** `4 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. */
  duration(ms: number): string;
  /** `a few seconds ago`, `12 s ago`, `4 min ago`; from an hour on the clock, then the day. */
  age(atMs: number, nowMs: number): string;
  /** `12:03`. */
  clock(atMs: number): string;
  /** `12:03:27`. */
  clockSeconds(atMs: number): string;
  /** The clock today, the weekday too within a week, the date beyond. */
  when(atMs: number, nowMs: number): string;
  /** `27 Nov 2026`. */
  day(atMs: number): string;
  /** Date, time and zone: for tooltips. */
  full(atMs: number): string;
}

/** @throws RangeError for a zone or a locale that does not exist. */
export function createFormat(locale: string | readonly string[], zone: string): Format {
  // Intl takes a list of locales that it may change; ours is the browser's.
  const locales = typeof locale === "string" ? locale : [...locale];
  const numbers = (options: Intl.NumberFormatOptions): ((value: number) => string) => {
    const format = new Intl.NumberFormat(locales, options);
    return (value) => withMinus(format, value);
  };
  const times = (options: Intl.DateTimeFormatOptions): ((atMs: number) => string) => {
    const format = new Intl.DateTimeFormat(locales, { timeZone: zone, ...options });
    return (atMs) => format.format(atMs);
  };
  const significant = numbers({ maximumSignificantDigits: 3 });
  const whole = numbers({ maximumFractionDigits: 0 });
  const scientific = numbers({ notation: "scientific", maximumSignificantDigits: 3 });
  const exactly = numbers({ minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
  const tenths = numbers({ maximumFractionDigits: 1 });
  const clock = times({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const clockSeconds = times({
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const weekday = times({ weekday: "short" });
  const dayAndMonth = times({ day: "numeric", month: "short" });
  const day = times({ day: "numeric", month: "short", year: "numeric" });
  const full = times({
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });

  function number(value: number): string {
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.000_1 || size >= 1e12)) return scientific(value);
    return size >= 99.95 ? whole(value) : significant(value);
  }

  function steady(value: number): string {
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.000_1 || size >= 1e12)) return scientific(value);
    return size >= 99.95 ? whole(value) : exactly(value);
  }

  function scaledBytes(value: number): Quantity {
    let size = value;
    let at = 0;
    while (Math.abs(size) >= 999.5 && at < BYTE_UNITS.length - 1) {
      size /= 1_000;
      at++;
    }
    return { text: number(size), unit: BYTE_UNITS[at] ?? "B" };
  }

  function duration(ms: number): string {
    return durationOf(ms, tenths);
  }

  function when(atMs: number, nowMs: number): string {
    if (day(atMs) === day(nowMs)) return clock(atMs);
    const days = Math.abs(nowMs - atMs) / DAY;
    if (days < 6) return `${weekday(atMs)} ${clock(atMs)}`;
    return days < 300 ? `${dayAndMonth(atMs)} ${clock(atMs)}` : day(atMs);
  }

  return {
    zone,
    number,
    steady,
    count: whole,
    percent: (share) => tenths(share * 100),
    quantity(value, unit) {
      if (unit === "B" || unit === "bytes") return scaledBytes(value);
      if (unit === "s" && Math.abs(value) >= 7_200) {
        return { text: duration(value * SECOND), unit: null };
      }
      // A number of two digits keeps its width: 37.0 after 36.9.
      const isWide = Math.abs(value) >= 10 && !Number.isInteger(value);
      return { text: (isWide ? steady : number)(value), unit: unit === "" ? null : unit };
    },
    bytes(value) {
      const { text, unit } = scaledBytes(value);
      return `${text} ${unit}`;
    },
    duration,
    age(atMs, nowMs) {
      const past = nowMs - atMs;
      if (past < -MINUTE) return `in the future: ${when(atMs, nowMs)}`;
      if (past < 10 * SECOND) return "a few seconds ago";
      if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
      if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
      return when(atMs, nowMs);
    },
    clock,
    clockSeconds,
    when,
    day,
    full,
  };
}

function withMinus(format: Intl.NumberFormat, value: number): string {
  // Also that of an exponent. No "−0": what is rounded away has no sign.
  const text = format
    .formatToParts(value)
    .map((part) => (part.type.endsWith("inusSign") ? MINUS : part.value))
    .join("");
  return text.startsWith(MINUS) && !/[1-9∞]/.test(text) ? text.slice(MINUS.length) : text;
}

function durationOf(ms: number, tenths: (value: number) => string): string {
  const size = Math.abs(ms);
  if (size < SECOND) return `${Math.round(size)} ms`;
  if (size < 10 * SECOND && size % SECOND !== 0) return `${tenths(size / SECOND)} s`;
  if (size < MINUTE) return `${Math.round(size / SECOND)} s`;
  if (size < HOUR) return `${Math.floor(size / MINUTE)} min`;
  if (size < DAY) return twoParts(size, HOUR, "h", MINUTE, "min");
  return twoParts(size, DAY, "d", HOUR, "h");
}

function twoParts(ms: number, large: number, name: string, small: number, rest: string): string {
  const first = Math.floor(ms / large);
  const second = Math.floor((ms % large) / small);
  return second === 0 ? `${first} ${name}` : `${first} ${name} ${second} ${rest}`;
}
