import { parseObservedTime } from "@weir/messages";

/** How `parseTime` wants times, for `--help` and for errors. */
export const TIME_FORMS =
  "ISO 8601 (UTC unless it names an offset), epoch seconds, milliseconds or microseconds, -2h, '2 hours ago' (s, m, h, d, w) or now";

const UNIT_US = new Map([
  ["ms", 1_000],
  ["s", 1_000_000],
  ["m", 60_000_000],
  ["h", 3_600_000_000],
  ["d", 86_400_000_000],
  ["w", 604_800_000_000],
]);

const SPAN = /^(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>ms|[smhdw])$/;
const AGO =
  /^(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>[smhdw]|(second|minute|hour|day|week)s?) ago$/;
const FRACTION = /(?<=:\d\d)\.(?<digits>\d{1,9})(?=Z|[+-]|$)/;

/**
 * A time as people and programs write it.
 *
 * @returns microseconds since the epoch, or `null` for what is none.
 */
export function parseTime(text: string, nowUs: number): number | null {
  if (text === "now") return nowUs;
  const ago = text.startsWith("-") ? parseSpanUs(text.slice(1)) : parseAgo(text);
  return ago === null ? parseAbsolute(text) : nowUs - ago;
}

/** A length of time such as `500ms`, `10s` or `1.5h`, in microseconds; `null` for what is none. */
export function parseSpanUs(text: string): number | null {
  return spanUs(SPAN.exec(text));
}

function parseAgo(text: string): number | null {
  return spanUs(AGO.exec(text));
}

function spanUs(match: RegExpExecArray | null): number | null {
  if (match?.groups === undefined) return null;
  const { amount, unit = "" } = match.groups;
  const unitUs = UNIT_US.get(unit) ?? UNIT_US.get(unit.charAt(0)) ?? Number.NaN;
  return Math.round(Number(amount) * unitUs);
}

/** Times of reception have microseconds, of which `Date` would keep milliseconds. */
function parseAbsolute(text: string): number | null {
  const digits = FRACTION.exec(text)?.groups?.digits ?? "";
  const wholeUs = parseObservedTime(text.replace(FRACTION, ""));
  return wholeUs === null ? null : wholeUs + Number(digits.padEnd(6, "0").slice(0, 6));
}
