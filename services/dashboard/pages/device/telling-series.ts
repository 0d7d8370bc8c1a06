import type { Series } from "../../src/contract/series.ts";

const SHOWN_MAX = 3;
const UNITS_MAX = 2;
const KINDS = ["gauge", "counter", "state"] as const;

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

/** Numbers in a device's commands, their results and its log are no measurements. */
export function isMeasured(topic: string, root: string | null): boolean {
  return root === null || !NOT_MEASURED.some((rest) => `${topic}/`.startsWith(`${root}/${rest}/`));
}

const NOT_MEASURED = ["command", "log"] as const;

/** What a device measures, in an order that stays: colours depend on it. */
export function measuredSeries(all: readonly Series[], root: string | null): Series[] {
  const rank = ({ kind, unit }: Series): number => KINDS.indexOf(kind) * 2 + Number(unit === null);
  return all
    .filter(({ topic }) => isMeasured(topic, root))
    .toSorted((one, other) => rank(one) - rank(other));
}
