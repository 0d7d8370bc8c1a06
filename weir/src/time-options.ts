import { timeZoneProblem } from "@weir/streams";
import { type Given, optionFault, usageFault } from "./command-line.ts";
import { dayOf, parseTime, TIME_FORMS, type TimeSpan, timeText } from "./time.ts";

/** The zone of `--time-zone`. @throws Fault for a name that is none. */
export function readTimeZone(given: Given): string {
  const name = given.text("time-zone") ?? "UTC";
  const problem = timeZoneProblem(name);
  if (problem === null) return name;
  throw usageFault(`--time-zone: ${JSON.stringify(name)}: ${problem}`, "See --help.");
}

/**
 * The times of reception that `--day`, or `--from` and `--to`, select.
 *
 * @returns microseconds since the epoch; `fromUs` is `null` for the oldest message.
 * @throws Fault naming the option that is wrong.
 */
export function readTimeSpan(
  given: Given,
  nowUs: number,
  timeZone: string,
): { fromUs: number | null; toUs: number } {
  const day = readDay(given, nowUs, timeZone);
  if (day !== null) {
    if (day.fromUs < nowUs) return { fromUs: day.fromUs, toUs: Math.min(day.toUs, nowUs) };
    const begin = shownTime(given, "day", day.fromUs, timeZone);
    throw usageFault(
      `${begin} is not before now (${timeText(nowUs, timeZone)})`,
      "Name a day that has begun.",
    );
  }
  const fromUs = readTime(given, "from", nowUs, timeZone);
  const toUs = readTime(given, "to", nowUs, timeZone) ?? nowUs;
  if (fromUs === null || fromUs < toUs) return { fromUs, toUs };
  const begin = shownTime(given, "from", fromUs, timeZone);
  throw usageFault(
    `${begin} is not before ${shownTime(given, "to", toUs, timeZone)}`,
    "--from is the beginning and --to the end: swap them, or name other times.",
  );
}

/** An option as it was given and as it was understood; the present where it was not given. */
function shownTime(
  given: Given,
  option: "day" | "from" | "to",
  us: number,
  timeZone: string,
): string {
  const text = given.text(option);
  const words = text === null ? "now" : `--${option} ${JSON.stringify(text)}`;
  return `${words} (${timeText(us, timeZone)})`;
}

function readDay(given: Given, nowUs: number, timeZone: string): TimeSpan | null {
  const text = given.text("day");
  if (text === null) return null;
  const other = ["from", "to"].find((option) => given.text(option) !== null);
  if (other !== undefined) {
    throw usageFault(
      `--day and --${other} exclude each other`,
      "--day is a whole day; for a part of it give --from and --to.",
    );
  }
  const day = dayOf(text, nowUs, timeZone);
  if (day !== null) return day;
  const allowed = `yesterday, today, or a day that there was in ${timeZone}: 2026-11-26`;
  throw optionFault("day", text, allowed);
}

function readTime(
  given: Given,
  option: "from" | "to",
  nowUs: number,
  timeZone: string,
): number | null {
  const text = given.text(option);
  if (text === null) return null;
  const timeUs = parseTime(text, nowUs, timeZone);
  if (timeUs === null) throw optionFault(option, text, TIME_FORMS);
  return timeUs;
}
