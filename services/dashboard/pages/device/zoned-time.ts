/**
 * The moment at which the clocks of a zone show a date and time, in epoch milliseconds; `null` where the text is none.
 * A time that the clocks skip is the one as much later; of one that they show twice it is the first.
 *
 * @param text as `<input type="datetime-local">` gives it: `2026-11-27T12:03`.
 */
export function zonedMs(text: string, timeZone: string): number | null {
  const shownMs = Date.parse(`${text}Z`);
  if (!Number.isFinite(shownMs)) return null;
  // Clocks are changed by less than a day: the offsets around are all that it can be.
  const offsets = [shownMs - DAY_MS, shownMs + DAY_MS].map((ms) => offsetMs(ms, timeZone));
  const [before, after] = offsets as [number, number];
  const fits = [before, after]
    .map((offset) => shownMs - offset)
    .filter((ms) => ms + offsetMs(ms, timeZone) === shownMs);
  return fits.length === 0 ? shownMs - before : Math.min(...fits);
}

/** The text for `<input type="datetime-local">`. */
export function zonedText(atMs: number, timeZone: string): string {
  return new Date(atMs + offsetMs(atMs, timeZone)).toISOString().slice(0, 16);
}

const DAY_MS = 86_400_000;

/** What the clocks show less UTC. */
function offsetMs(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((one) => one.type === type)?.value);
  const shownMs = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shownMs - Math.floor(atMs / 1_000) * 1_000;
}
