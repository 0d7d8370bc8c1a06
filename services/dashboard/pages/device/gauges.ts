import type { Series } from "../../src/contract/series.ts";
import { labelOf } from "../parts/series-words.ts";

/** A value whose range is known. */
export interface Gauge {
  label: string;
  /** 0 to 100. */
  percent: number;
  /** What it is a share of; `null` where the device itself reports percent. */
  parts: { used: number; total: number; unit: string | null } | null;
  /** When the older of its values was observed, in epoch milliseconds. */
  atMs: number;
}

const ENDING = /[-_. /]?(used|free|total|size)$/i;

/** The gauges of a device: used with free or total of the same unit, and what is reported in percent. */
export function gaugesOf(series: readonly Series[]): Gauge[] {
  const stems = new Map<string, Map<string, Series>>();
  for (const one of series) {
    const ending = ENDING.exec(one.path)?.[1]?.toLowerCase();
    if (ending === undefined || isPercent(one)) continue;
    const stem = `${stemOf(one)}\n${one.unit}`;
    const parts = stems.get(stem) ?? new Map<string, Series>();
    stems.set(stem, parts.set(ending === "size" ? "total" : ending, one));
  }
  const pairs = [...stems.values()].flatMap(pairGauge);
  const covered = new Set(
    [...stems.values()]
      .filter((parts) => pairGauge(parts).length > 0)
      .flatMap((parts) => [...parts.values()].map(stemOf)),
  );
  const percents = series
    .filter((one) => isPercent(one) && one.kind === "gauge" && !covered.has(percentStemOf(one)))
    .filter(({ newestValue }) => newestValue >= 0 && newestValue <= 100)
    .map((one) => ({
      label: labelOf(one),
      percent: one.newestValue,
      parts: null,
      atMs: one.newestMs,
    }));
  return [...pairs, ...percents];
}

/** A device may say the unit in the name alone. */
function isPercent({ unit, path }: Series): boolean {
  return unit === "%" || (unit === null && /(^|[-_. /])percent(age)?$/i.test(path));
}

function pairGauge(parts: ReadonlyMap<string, Series>): Gauge[] {
  const used = parts.get("used");
  const free = parts.get("free");
  const total = parts.get("total");
  const first = used ?? free;
  const second = first === used ? (free ?? total) : total;
  if (first === undefined || second === undefined || first === second) return [];
  const all = second === total ? total.newestValue : first.newestValue + second.newestValue;
  const value = used?.newestValue ?? all - first.newestValue;
  if (!(all > 0) || value < 0 || value > all) return [];
  return [
    {
      label: usedLabelOf(first),
      percent: (100 * value) / all,
      parts: { used: value, total: all, unit: first.unit },
      atMs: Math.min(first.newestMs, second.newestMs),
    },
  ];
}

function usedLabelOf(series: Series): string {
  const stem = labelOf(series).replace(ENDING, "");
  return stem === "" ? "used" : `${stem} used`;
}

function stemOf({ series, path }: Series): string {
  return series.slice(0, series.length - path.length) + path.replace(ENDING, "");
}

/** `drive-percent` says the same as `drive-used` and `drive-free`. */
function percentStemOf({ series, path }: Series): string {
  const stem = path.replace(/[-_. /]?(used)?[-_. /]?(percent|percentage)$/i, "");
  return series.slice(0, series.length - path.length) + stem;
}
