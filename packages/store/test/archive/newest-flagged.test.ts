import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { type Outcome, outcomeOf } from "@weir/protocol";
import { type NewRow, readNewestFlagged } from "@weir/store";
import { temporaryFolder } from "@weir/testkit";
import { archiveSegment } from "../../src/rotation/archive-segment.ts";
import { numbered, numberedRows, numbersOf, openDevices } from "../range-fixture.ts";
import { fillSegments } from "./fixture.ts";

function flagged(number: number, reason: Outcome["reason"] = "time in the future"): NewRow {
  return { ...numbered(number), outcome: outcomeOf(reason).code };
}

/** Three segments, of which the oldest is an archive, and a live one; what is flagged has an even number. */
function fill(folder: string) {
  const files = fillSegments(folder, [
    [flagged(0), ...numberedRows(1, 9), flagged(10, "not JSON")],
    [...numberedRows(11, 19), flagged(20), numbered(21)],
    numberedRows(31, 39),
  ]);
  archiveSegment(files[0] as string);
  using store = openDevices(folder);
  const fine = ["retained", "text", "empty message"] as const;
  const others = fine.map((reason, index) => flagged(41 + index, reason));
  store.append([flagged(40, "too many new topics"), ...others]);
  return { place: { kind: "folder", folder } as const, files };
}

test("the newest messages with a doubt are found in archives, in segments and in the live one", () => {
  using folder = temporaryFolder();
  const { place } = fill(folder.path);
  const { messages, isComplete } = readNewestFlagged(place, { limit: 100 });
  expect(numbersOf(messages)).toEqual([0, 10, 20, 40]);
  expect(isComplete).toBe(true);
  const newest = readNewestFlagged(place, { limit: 2 });
  expect(numbersOf(newest.messages)).toEqual([20, 40]);
  expect(newest.isComplete).toBe(true);
});

test("says where it has looked at no more rows than it may", () => {
  using folder = temporaryFolder();
  const { place } = fill(folder.path);
  // The live one and the closed ones have 24 rows together; the archive has 11 more.
  const few = readNewestFlagged(place, { limit: 100, rowsMax: 24 });
  expect([numbersOf(few.messages), few.isComplete]).toEqual([[20, 40], false]);
  const all = readNewestFlagged(place, { limit: 100, rowsMax: 35 });
  expect([numbersOf(all.messages), all.isComplete]).toEqual([[0, 10, 20, 40], true]);
});

test("passes over a damaged segment, and finds nothing where nothing is stored", () => {
  using folder = temporaryFolder();
  const { place, files } = fill(folder.path);
  writeFileSync(files[1] as string, "no database at all, and long enough to be taken for one");
  const { messages } = readNewestFlagged(place, { limit: 100 });
  expect(numbersOf(messages)).toEqual([0, 10, 40]);
  rmSync(folder.path, { recursive: true });
  expect(readNewestFlagged(place, { limit: 100 })).toEqual({ messages: [], isComplete: true });
});
