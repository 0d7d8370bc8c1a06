import { parseStatedTime } from "@weir/messages";
import { millisecondsOf } from "@weir/settings-file";

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
