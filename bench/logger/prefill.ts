import { statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToSignals } from "node:timers/promises";
import { outcomeOf } from "@weir/protocol";
import { type NewRow, openStore } from "@weir/store";
import type { Bench } from "./comparison.ts";
import { DATA_FILE } from "./weir.ts";

const MEBI = 2 ** 20;
const BATCH_ROWS = 20_000;
const SKEW_US = 60_000_000;
const READING = outcomeOf("").code;
const EPOCH = "0123456789abcdef0123456789abcdef";

/** Makes a folder with a file of the stream `data` that holds the rows of `minutes`. */
export async function folderWithRows(
  bench: Bench,
  { rows, fromMinutesAgo, minutes }: { rows: number; fromMinutesAgo: number; minutes: number },
): Promise<string> {
  const folder = bench.folder();
  const file = join(folder, DATA_FILE);
  const fromUs = (Date.now() - fromMinutesAgo * 60_000) * 1_000;
  await prefill({ file, rows, fromUs, toUs: fromUs + minutes * 6e7, signal: bench.signal });
  bench.say(`prepared: ${rows} rows, ${Math.round(statSync(file).size / MEBI)} MiB`);
  return folder;
}

/** Fills a file of the stream `data` with readings, as if the logger had received them. */
export async function prefill({
  file,
  rows,
  fromUs,
  toUs,
  signal,
}: {
  file: string;
  rows: number;
  /** The times of reception of the first and the last row, in microseconds since the epoch. */
  fromUs: number;
  toUs: number;
  signal: AbortSignal;
}): Promise<void> {
  using store = openStore({
    file,
    stream: "data",
    legacyTopic: "DATA",
    // An interrupted run starts again with an empty file.
    synchronous: "NORMAL",
    nowUs: fromUs,
    skewUs: SKEW_US,
  });
  const stepUs = (toUs - fromUs) / rows;
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const batch: NewRow[] = [];
    for (let index = first; index < Math.min(rows, first + BATCH_ROWS); index += 1) {
      batch.push(rowOf(index + 1, Math.round(fromUs + index * stepUs)));
    }
    store.append(batch);
    await yieldToSignals();
    signal.throwIfAborted();
  }
}

function rowOf(seq: number, receivedUs: number): NewRow {
  const value = seq % 1_000;
  const epochtime = Math.floor(receivedUs / 1e6);
  return {
    receivedUs,
    topic: "DATA",
    payload: Buffer.from(
      `{"number":${value},"epochtime":"${epochtime}","publisher":"prefill","epoch":"${EPOCH}","seq":${seq}}`,
    ),
    qos: 1,
    retained: false,
    outcome: READING,
    value,
    observedUs: epochtime * 1_000_000,
    sequence: { publisher: "prefill", epoch: EPOCH, seq },
    isFiltered: false,
  };
}
