import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { canMountSmallDisk, mountSmallDisk, temporaryFolder } from "@weir/testkit";
import { archiveOf } from "../../src/archive/archive-name.ts";
import { ARCHIVE_STEPS, archiveSegment } from "../../src/rotation/archive-segment.ts";
import { numberedRows, openDevices, readNumbers } from "../range-fixture.ts";
import { archiveAll, fillSegments } from "./fixture.ts";

// Processes are started, one after the other.
jest.setTimeout(180_000);

const NUMBERS = Array.from({ length: 200 }, (_, index) => index);

/** Two hundred rows in the first of three closed segments. @returns its file. */
function fill(folder: string): string {
  const [first = ""] = fillSegments(folder, [numberedRows(0, 199), [], []]);
  return first;
}

function archiveAndDie(file: string, step: string): void {
  const script = join(import.meta.dirname, "archive-and-die.ts");
  const { signal, stderr } = spawnSync(process.execPath, [script, file, step]);
  if (signal !== "SIGKILL") throw new Error(`it did not die at ${step}: ${stderr}`);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

describe("archiving that is killed", () => {
  test.each(ARCHIVE_STEPS)("leaves one whole truth when it dies after %j", async (step) => {
    using folder = temporaryFolder();
    const place = { kind: "folder", folder: folder.path } as const;
    const file = fill(folder.path);
    archiveAndDie(file, step);
    expect(await readNumbers(place)).toEqual(NUMBERS);

    // The start clears up.
    using store = openDevices(folder.path);
    expect(await readNumbers(place)).toEqual(NUMBERS);
    expect([existsSync(file), existsSync(archiveOf(file))].filter(Boolean)).toHaveLength(1);
    expect(filesIn(folder.path).filter((name) => name.includes(".making"))).toEqual([]);
    archiveAll(store);
    expect([existsSync(file), existsSync(archiveOf(file))]).toEqual([false, true]);
    expect(await readNumbers(place)).toEqual(NUMBERS);
    expect(store.segments().map(({ state }) => state)).toEqual([
      "archived",
      "archived",
      "finished",
      "live",
    ]);
  });
});

describe("archiving a segment that retention removes meanwhile", () => {
  test.each(["written", "renamed"])("leaves nothing of it when it goes after %j", (removeAt) => {
    using folder = temporaryFolder();
    const file = fill(folder.path);
    archiveSegment(file, (step) => {
      if (step === removeAt) rmSync(file);
    });
    expect([existsSync(file), existsSync(archiveOf(file))]).toEqual([false, false]);
  });
});

(canMountSmallDisk() ? describe : describe.skip)("archiving on a full disk", () => {
  test("leaves the segment as it is, and nothing beside it", async () => {
    using disk = mountSmallDisk();
    const file = fill(disk.path);
    const before = filesIn(disk.path);
    disk.fillBut(16_384);
    expect(() => archiveSegment(file)).toThrow("too little free space");
    disk.free();
    // It fills while the archive is being written.
    expect(() =>
      archiveSegment(file, (step) => {
        if (step === "begun") disk.fillBut(0);
      }),
    ).toThrow("ENOSPC");
    disk.free();
    expect(filesIn(disk.path).toSorted()).toEqual(before.toSorted());
    expect(await readNumbers({ kind: "folder", folder: disk.path })).toEqual(NUMBERS);
  });
});
