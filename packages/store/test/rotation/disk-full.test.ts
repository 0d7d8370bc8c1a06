import { readdirSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { openSegmentedStore, type SegmentedStore } from "@weir/store";
import { canMountSmallDisk, mountSmallDisk, START_US } from "@weir/testkit";
import { outboxReading } from "../fixture.ts";

const DAY_US = 86_400_000_000;
const STEP_BYTES = 4_096;

function open(folder: string): SegmentedStore {
  return openSegmentedStore({ folder, stream: "data", synchronous: "FULL", nowUs: START_US });
}

function filesOf(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return files.filter((name) => name !== "filler");
}

(canMountSmallDisk() ? describe : describe.skip)("a rotation on a full disk", () => {
  test("fails whole, wherever the space ends, and leaves the live segment usable", () => {
    using disk = mountSmallDisk();
    using store = open(disk.path);
    let seq = 0;
    const append = () => store.append([outboxReading(++seq)]);
    append();
    const live = store.liveFile();
    const files = filesOf(disk.path);
    const failures = new Set<string>();
    let space = 0;
    // A little more space each time, until it is enough.
    for (; store.liveFile() === live; space += STEP_BYTES) {
      disk.fillBut(space);
      try {
        store.rotate(START_US + DAY_US);
      } catch (error) {
        failures.add(String(error));
        expect(filesOf(disk.path)).toEqual(files);
        disk.free();
        expect(append()).toEqual({ lastId: seq, filed: ["new"] });
      }
    }
    expect(failures.size).toBeGreaterThan(0);
    expect(space).toBeGreaterThan(10 * STEP_BYTES);
    disk.free();
    expect(store.append([outboxReading(seq)]).filed).toEqual(["duplicate"]);
    expect(append().lastId).toBe(seq);
    expect(store.segments().map(({ state }) => state)).toEqual(["sealed", "live"]);
  });
});
