import { grouped } from "@weir/command-line";
import { visible } from "@weir/fault";
import Table from "cli-table3";
import type { Deadband } from "../report/deadband.ts";
import { spanning } from "./candidates.ts";
import type { DevicePreview, SeriesPreview } from "./gathering.ts";
import type { Tally } from "./tally.ts";

const COUNTS = ["samples", "reported", "saved"];
const ERRORS = ["mean error", "max error", "rms error"];
const DIGITS = 3;

/** One deadband for all: a line for each attribute, and for each device with several of them one for its messages. */
export function renderOne(devices: readonly DevicePreview[]): string {
  const table = tableOf(["device", "attribute", ...COUNTS, ...ERRORS], 2);
  for (const { device, series, messages, reportedMessages } of sorted(devices, "device")) {
    for (const { attribute, tallies } of sorted(series, "attribute")) {
      for (const tally of tallies)
        table.push([visible(device), visible(attribute), ...counts(tally), ...errors(tally)]);
    }
    if (series.length === 1) continue;
    const all = { samples: messages, reported: reportedMessages };
    table.push([visible(device), "all", ...counts(all), ...ERRORS.map(() => "-")]);
  }
  return `${table.toString()}\n`;
}

/** Several deadbands beside each other: a table for each attribute. */
export function renderCandidates(devices: readonly DevicePreview[]): string {
  return sorted(devices, "device")
    .flatMap(({ device, series }) =>
      sorted(series, "attribute").map(
        (one) => `${visible(device)} ${visible(one.attribute)}\n${candidates(one)}\n`,
      ),
    )
    .join("\n");
}

function candidates({ tallies }: SeriesPreview): string {
  const table = tableOf(["deadband", ...COUNTS, ...ERRORS], 0);
  for (const tally of spanning(tallies)) {
    table.push([deadbandText(tally.rule.deadband), ...counts(tally), ...errors(tally)]);
  }
  return table.toString();
}

function tableOf(head: string[], names: number): Table.Table {
  return new Table({
    head,
    colAligns: head.map((_, index) => (index < names ? "left" : "right")),
    style: { head: [], border: [] },
  });
}

function counts({ samples, reported }: Pick<Tally, "samples" | "reported">): string[] {
  const saved = samples === 0 ? 0 : (100 * (samples - reported)) / samples;
  return [grouped(samples), grouped(reported), `${saved.toFixed(1)} %`];
}

function errors({ error }: Tally): string[] {
  return [error.mean, error.max, error.rootMeanSquare].map((one) =>
    String(Number(one.toPrecision(DIGITS))),
  );
}

function deadbandText(deadband: Deadband | null): string {
  if (deadband === null) return "none";
  return deadband.kind === "absolute" ? String(deadband.width) : `${deadband.share * 100} %`;
}

function sorted<Key extends string, Item extends Record<Key, string>>(
  items: readonly Item[],
  key: Key,
): Item[] {
  return items.toSorted((a, b) => (a[key] < b[key] ? -1 : 1));
}
