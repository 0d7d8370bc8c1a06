import type { Series } from "../../src/contract/series.ts";
import { isFlat } from "../parts/line-path.ts";

/** What the values of some series are measured on. */
export interface Scale {
  key: string;
  unit: string | null;
  /** Counters are drawn as increase for each bucket, from 0 on. */
  kind: Series["kind"];
  /** A chart has two axes; further scales are read from the values alone. */
  side: "left" | "right" | null;
}

/** The scale of a series: one for each unit, where increases and states have their own. */
export function scaleKey({ unit, kind }: Series): string {
  return `${kind}:${unit ?? ""}`;
}

/** The scales of series that are shown together, in their order. */
export function scalesOf(series: readonly Series[]): Scale[] {
  const byKey = new Map(series.map((one) => [scaleKey(one), one]));
  const sides = ["left", "right"] as const;
  return [...byKey].map(([key, { unit, kind }], place) => ({
    key,
    unit,
    kind,
    side: sides[place] ?? null,
  }));
}

/** The ends of an axis for values between these. */
export function axisRange(kind: Scale["kind"], min: number, max: number): [number, number] {
  if (kind === "state" && min >= 0 && max <= 1) return [-0.08, 1.08];
  if (kind === "counter") return [0, max > 0 ? max * 1.08 : 1];
  if (isFlat(min, max)) {
    const margin = Math.abs(min) * 0.05 || 1;
    return [min - margin, max + margin];
  }
  const margin = (max - min) * 0.08;
  // What is never negative is not drawn with room for it.
  return [min >= 0 ? Math.max(0, min - margin) : min - margin, max + margin];
}

/** What an axis is labelled with. */
export function axisLabel({ unit, kind }: Pick<Scale, "unit" | "kind">): string {
  if (kind === "counter") return unit === null ? "increase" : `${unit}, increase`;
  if (kind === "state") return unit ?? "state";
  return unit ?? "";
}

/** The digits behind the point that tell the marks of an axis apart. */
export function fractionDigits(increment: number): number {
  if (!(increment > 0)) return 0;
  const digits = Math.max(0, -Math.floor(Math.log10(increment) + 1e-9));
  // 0.25 has one more digit than 0.2.
  const mantissa = increment * 10 ** digits;
  const isWhole = Math.abs(mantissa - Math.round(mantissa)) < 1e-6;
  return Math.min(12, isWhole ? digits : digits + 1);
}
