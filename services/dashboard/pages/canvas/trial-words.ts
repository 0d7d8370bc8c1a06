import type { Trial, TrialVersion } from "@weir/flows/contract";
import { timesFired } from "@weir/flows/times-fired";

/** The result in one sentence: `Fires 3 times instead of 41.` */
export function resultWords({ asked, saved }: Pick<Trial, "asked" | "saved">): string {
  const times = timesFired(asked.counts);
  const words = times === 0 ? "Does not fire" : `Fires ${timesWords(times)}`;
  if (saved === null) return `${words}.`;
  const before = timesFired(saved.counts);
  return before === times
    ? `${words}, as often as what is saved.`
    : `${words} instead of ${before}.`;
}

/** What it does beside, by kind: `3 alerts, 3 email`. */
export function countWords({ counts }: TrialVersion): string {
  return Object.entries(counts)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(", ");
}

function timesWords(times: number): string {
  return times === 1 ? "once" : times === 2 ? "twice" : `${times} times`;
}
