import { goQuery, place } from "../router.ts";
import { type Range, rangeQuery, readRange } from "./range.ts";

/** The range in the address of the page, and how to change it. */
export function useRange(): [range: Range, change: (range: Range) => void] {
  const range = readRange(place.value.query);
  return [
    range,
    (next) => goQuery({ range: null, from: null, to: null, ...rangeQuery(next) }, "push"),
  ];
}
