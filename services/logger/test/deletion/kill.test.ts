import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { deletionsFileOf, openSegmentedStore, readRange } from "@weir/store";
import { createTestContext, START_US, temporaryFolder } from "@weir/testkit";
import { Deletions } from "../../src/deletions.ts";
import { rowsOf, SECOND_US } from "./fixture.ts";

// Processes are started, one after the other.
jest.setTimeout(240_000);

const SCRIPT = join(import.meta.dirname, "work-and-die.ts");
const ROWS = 3_000;

/** Works towards a state of the deletion, killed at ever later looks at the clock. @returns how often. */
function workTowards(goal: string, folder: string): number {
  for (let kills = 0; ; kills += 1) {
    const looks = String(Math.round(8 * 1.4 ** kills));
    const { signal, status, stderr } = spawnSync(process.execPath, [SCRIPT, folder, goal, looks]);
    if (signal === "SIGKILL") continue;
    if (status !== 0) throw new Error(String(stderr));
    return kills;
  }
}

/** Asks for a deletion of every third row; the first time there are no rows yet. */
function ask(folder: string): void {
  using store = openSegmentedStore({
    folder: `${folder}/data`,
    stream: "data",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  for (let row = store.end().id; row < ROWS; row += ROWS / 3) {
    store.append(rowsOf(row + 1, row + ROWS / 3));
    if (row + ROWS / 3 < ROWS) store.rotate(START_US + (row + ROWS / 3 + 0.5) * SECOND_US);
  }
  const deletions = new Deletions(deletionsFileOf(`${folder}/weir.db`), createTestContext());
  deletions.add({
    stream: "data",
    filters: ["a"],
    fromUs: 0,
    toUs: 2 * START_US,
    through: store.end(),
  });
}

async function numbersIn(folder: string): Promise<number[]> {
  const pages = await Array.fromAsync(readRange({ kind: "folder", folder: `${folder}/data` }));
  return pages.flatMap(({ messages }) => messages.map(({ payload }) => Number(payload.toString())));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a logger that is killed again and again", () => {
  test("ends with each row where it belongs, hiding, undoing and removing", async () => {
    using folder = temporaryFolder();
    ask(folder.path);
    expect(workTowards("hidden", folder.path)).toBeGreaterThan(0);
    const kept = upTo(ROWS).filter((number) => number % 3 !== 0);
    expect(await numbersIn(folder.path)).toEqual(kept);
    expect(workTowards("undone", folder.path)).toBeGreaterThan(0);
    expect(await numbersIn(folder.path)).toEqual(upTo(ROWS));
    ask(folder.path);
    workTowards("hidden", folder.path);
    expect(workTowards("removed", folder.path)).toBeGreaterThan(0);
    expect(await numbersIn(folder.path)).toEqual(kept);
  });
});
