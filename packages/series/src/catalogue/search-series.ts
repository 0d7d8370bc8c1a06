import { matchesFilter } from "@weir/protocol";
import { formatSeries } from "../reading/path.ts";
import type { Kind } from "../reading/reading.ts";
import type { CataloguedSeries } from "./catalogue.ts";
import { deviceOf } from "./device-of.ts";

/** Which series are looked for: those that match every part that is given. */
export interface SeriesSearch {
  /** Words, each of which is in the series' name, topic, path, device or unit; upper and lower case are the same. */
  text?: string | undefined;
  stream?: string | undefined;
  kind?: Kind | undefined;
  /** The id of `deviceOf`. */
  device?: string | undefined;
  unit?: string | undefined;
  /** A topic filter, which must be valid. */
  filter?: string | undefined;
}

/** The series that match, in the order of the catalogue. */
export function searchSeries<S extends CataloguedSeries>(
  all: readonly S[],
  { text = "", stream, kind, device, unit, filter }: SeriesSearch,
): S[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const hasWords = (series: S): boolean => {
    if (words.length === 0) return true;
    const fields = [formatSeries(series), series.name, series.device, series.unit]
      .filter((field) => field !== null)
      .map((field) => field.toLowerCase());
    return words.every((word) => fields.some((field) => field.includes(word)));
  };
  return all.filter(
    (series) =>
      (kind === undefined || series.kind === kind) &&
      (stream === undefined || series.stream === stream) &&
      (unit === undefined || series.unit === unit) &&
      (filter === undefined || matchesFilter(filter, series.topic)) &&
      (device === undefined || deviceOf(series).id === device) &&
      hasWords(series),
  );
}
