import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import type { SegmentedStore } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import { ROTATION_STEPS } from "../../src/rotation/make-segment.ts";
import { DAY_US, openData, outboxReading, query } from "../fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

function rotateAndDie(folder: string, step: string): void {
  const script = join(import.meta.dirname, "rotate-and-die.ts");
  const { signal, stderr } = spawnSync(process.execPath, [script, folder, step]);
  if (signal !== "SIGKILL") throw new Error(`it did not die at ${step}: ${stderr}`);
}

const open = (folder: string): SegmentedStore => openData(folder, START_US + 2 * DAY_US);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" });
}

describe("a logger that is killed while it rotates", () => {
  test.each(ROTATION_STEPS)("loses and doubles nothing when it dies after %j", (step) => {
    using folder = temporaryFolder();
    // Its first segment is made by the same steps: it is to die in the second rotation.
    open(folder.path)[Symbol.dispose]();
    rotateAndDie(folder.path, step);

    using store = open(folder.path);
    expect(store.append([1, 2, 3, 4].map((seq) => outboxReading(seq)))).toEqual({
      lastId: 4,
      filed: ["duplicate", "duplicate", "duplicate", "new"],
    });
    const segments = store.segments();
    const ids = segments.flatMap(({ file }) => query(file, "SELECT id FROM rows"));
    expect(ids).toEqual([1, 2, 3, 4].map((id) => ({ id })));
    const successors = segments.flatMap(({ file }) => query(file, "SELECT successor FROM sealed"));
    expect(successors).toEqual(segments.slice(1).map(({ name: successor }) => ({ successor })));
    expect(filesIn(folder.path).filter((name) => name.includes(".making"))).toEqual([]);
  });

  test("starts over when it died in making its very first segment", () => {
    using folder = temporaryFolder();
    rotateAndDie(folder.path, "written");
    expect(filesIn(folder.path).filter((name) => name.endsWith(".making"))).toHaveLength(1);
    using store = open(folder.path);
    expect(store.append([outboxReading(1)]).lastId).toBe(1);
    expect(store.segments()).toHaveLength(1);
    expect(filesIn(folder.path).filter((name) => name.includes(".making"))).toEqual([]);
  });
});
