import { createTable } from "../output.ts";

/** One line of the results. */
export interface Figure {
  text: string;
  value: number;
  unit: string;
  /** The target, in the same unit. */
  atMost?: number;
}

/** What a part has found. */
export interface Results {
  title: string;
  figures: readonly Figure[];
  /** What else is to be known. */
  notes?: readonly string[];
}

/** The figures beside their targets. */
export function figuresTable({ title, figures }: Results): string {
  const table = createTable(title, "result", "target", "");
  for (const { text, value, unit, atMost } of figures) {
    const verdict = atMost === undefined ? "" : value <= atMost ? "met" : "MISSED";
    const target = atMost === undefined ? "" : `<= ${writtenWith(atMost, unit)}`;
    table.push([text, writtenWith(value, unit), target, verdict]);
  }
  return table.toString();
}

function writtenWith(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3;
  return `${Number(value.toFixed(digits))} ${unit}`.trim();
}

/** Not a number for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
