import { didYouMean } from "@weir/runtime";

/** What is wrong with the name of a time zone; `null` for nothing. */
export function timeZoneProblem(name: string): string | null {
  if (isTimeZone(name)) return null;
  const suggestion = didYouMean(name, Intl.supportedValuesOf("timeZone"));
  return `there is no such time zone; give a name of the IANA database: Europe/Berlin, UTC${suggestion}`;
}

/** An offset is refused: it would be wrong for half of the year in most places. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
