import type { Series } from "../../src/contract/series.ts";

const SHOWN_MAX = 3;
const UNITS_MAX = 2;

/** The series that a chart begins with: the most telling ones, as far as two axes carry them. */
export function tellingSeries(values: readonly Series[]): string[] {
  const units = new Set<string>();
  const shown: string[] = [];
  for (const { series, unit, kind } of values) {
    const axis = `${kind} ${unit ?? ""}`;
    if (shown.length === SHOWN_MAX || (units.size === UNITS_MAX && !units.has(axis))) continue;
    units.add(axis);
    shown.push(series);
  }
  return shown;
}
