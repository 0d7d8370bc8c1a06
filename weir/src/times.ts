import { parseStatedTime } from "@weir/protocol";
import { millisecondsOf } from "@weir/runtime";

const US_PER_SECOND = 1_000_000;

/** A time in microseconds since the epoch as ISO 8601 in UTC, with all its digits. */
export function isoMicroseconds(us: number): string {
  return createIsoTime()(us);
}

/** The same for many times in a row: those of one second share their beginning. */
export function createIsoTime(): (us: number) => string {
  let second = Number.NaN;
  let beginning = "";
  return (us) => {
    const micros = us % US_PER_SECOND;
    if (us - micros !== second) {
      second = us - micros;
      beginning = new Date(second / 1_000).toISOString().slice(0, -4);
    }
    return `${beginning}${String(micros).padStart(6, "0")}Z`;
  };
}

/** How `parseTime` wants times, for `--help` and for errors. */
export const TIME_FORMS =
  "ISO 8601 (UTC unless it names an offset), epoch seconds, milliseconds or microseconds, -2h, '2 hours ago' (s, m, h, d, w) or now";

const BEFORE = /^-(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>ms|[smhdw])$/;
const AGO =
  /^(?<amount>\d{1,12}(\.\d{1,6})?) ?(?<unit>[smhdw]|(second|minute|hour|day|week)s?) ago$/;

/**
 * A time as people and programs write it.
 *
 * @returns microseconds since the epoch, or `null` for what is none.
 */
export function parseTime(text: string, nowUs: number): number | null {
  if (text === "now") return nowUs;
  const past = (BEFORE.exec(text) ?? AGO.exec(text))?.groups;
  return past === undefined ? parseStatedTime(text) : nowUs - lengthUs(past);
}

function lengthUs({ amount = "", unit = "" }: Readonly<Record<string, string>>): number {
  const letters = unit === "ms" ? unit : unit.charAt(0);
  return Math.round(millisecondsOf(amount + letters) * 1_000);
}
