import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { HISTORY_STEPS } from "../../src/points/history-writer.ts";
import {
  expectedOf,
  filesOf,
  indexedFiles,
  openHistory,
  pointsOfRow,
  readSeries,
  rowAt,
} from "./history-fixture.ts";

// Processes are started, one after the other.
jest.setTimeout(120_000);

const KEPT = { historyMs: Number.POSITIVE_INFINITY };
const ROWS = 20;

function keepAndDie(indexFile: string, step: string): void {
  const script = join(import.meta.dirname, "keep-and-die.ts");
  const { signal, stderr } = spawnSync(process.execPath, [script, indexFile, step]);
  if (signal !== "SIGKILL") throw new Error(`it did not die at ${step}: ${stderr}`);
}

describe("what writes the history and is killed", () => {
  test.each(HISTORY_STEPS)("loses and doubles nothing when it dies after %j", async (step) => {
    using folder = temporaryFolder();
    const file = folder.file("index.db");
    keepAndDie(file, step);

    using history = openHistory(file);
    const home = await history.store.stream("home", KEPT);
    expect(filesOf(file)).toEqual(indexedFiles(file));
    const through = home.through?.id ?? 0;
    expect(through).toBeGreaterThan(0);
    const rows = Array.from({ length: ROWS }, (_, index) => index + 1);
    const kept = rows.slice(0, through).flatMap(pointsOfRow);
    expect(readSeries(file, "power")).toEqual(expectedOf(kept, "power"));

    for (const row of rows.slice(through)) {
      for (const { path, us, value } of pointsOfRow(row)) home.add("t", path, us, value);
      home.pass(rowAt(row));
    }
    await home.flush();
    while (await home.merge());
    expect(home.through).toEqual(rowAt(ROWS));
    expect(readSeries(file, "power")).toEqual(expectedOf(rows.flatMap(pointsOfRow), "power"));
    expect(history.lost).toEqual([]);
  });
});
