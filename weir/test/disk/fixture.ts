import { writeFileSync } from "node:fs";
import { openSegmentedStore, type SegmentedStore } from "@weir/store";
import { createFakeClock, readingAt, START_US, type TemporaryFolder } from "@weir/testkit";
import { startHere } from "../fixture.ts";

export const DAY_US = 86_400_000_000;
/** Of each day, three of four on one topic. */
const MESSAGES = 1_000;

/** A stream of so many days, each in a segment of about the same size. It is open, as the logger has it. */
export function openDays(
  folder: TemporaryFolder,
  days: number,
  keys: Readonly<Record<string, unknown>> = {},
): SegmentedStore {
  const barn = { filters: ["barn/#"], ...keys };
  const content = { streams: { barn, devices: { enabled: false } } };
  writeFileSync(folder.file("weir.yaml"), JSON.stringify(content));
  const store = openSegmentedStore({
    folder: folder.file("barn"),
    stream: "barn",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  for (let day = 0; day < days; day += 1) {
    const beganUs = START_US + day * DAY_US;
    if (day > 0) store.rotate(beganUs);
    store.append(
      Array.from({ length: MESSAGES }, (_, index) => ({
        ...readingAt(beganUs + index * 1_000_000, index),
        topic: index % 4 === 0 ? "barn/owl" : "barn/cow",
      })),
    );
  }
  return store;
}

/** Runs `weir disk` so many days after the stores began. */
export async function disk(
  folder: TemporaryFolder,
  { argv = [], day = 10 }: { argv?: readonly string[]; day?: number } = {},
) {
  const environment = { DB_FILE: folder.file("weir.db"), WEIR_FILE: folder.file("weir.yaml") };
  const clock = createFakeClock((START_US + day * DAY_US) / 1_000);
  return await startHere(["disk", ...argv], { environment, clock }).ended;
}

/** What it says to programs. */
export async function diskAsJson(
  folder: TemporaryFolder,
  { argv = [], day = 10 }: { argv?: readonly string[]; day?: number } = {},
) {
  const { out, ...ended } = await disk(folder, { argv: ["--json", ...argv], day });
  const report = JSON.parse(out);
  const barn = report.streams.find(({ stream }: { stream: string }) => stream === "barn");
  return { ...ended, report, barn };
}
