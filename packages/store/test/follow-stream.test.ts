import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { followStream, type StreamFollower } from "@weir/store";
import { START_US, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { numbered, numberedRows, numbersOf, openDevices, SECOND_US } from "./range-fixture.ts";

const follow = (folder: string, fromUs = START_US, monotonicMs = () => 0): StreamFollower =>
  followStream({ place: { kind: "folder", folder }, fromUs, monotonicMs });

/** Steps until nothing new comes. */
function stepsOf(follower: StreamFollower): ReturnType<StreamFollower["step"]>[] {
  const steps: ReturnType<StreamFollower["step"]>[] = [];
  for (;;) {
    const step = follower.step();
    if (["unchanged", "busy", "nothing yet"].includes(step.kind)) return steps;
    steps.push(step);
  }
}

function numbersFrom(follower: StreamFollower): number[] {
  return stepsOf(follower).flatMap((step) =>
    step.kind === "rows" ? numbersOf(step.rows.messages) : [],
  );
}

const fromTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("following a stream", () => {
  test("waits for a folder that is not there yet", () => {
    using folder = temporaryFolder();
    using follower = follow(folder.file("devices"));
    expect(follower.step()).toEqual({ kind: "nothing yet" });
    using store = openDevices(folder.file("devices"));
    store.append(numberedRows(0, 2));
    expect(numbersFrom(follower)).toEqual([0, 1, 2]);
  });

  test("reads each row once, and finds nothing where nothing was committed", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using follower = follow(folder.path);
    store.append(numberedRows(0, 4_999));
    expect(numbersFrom(follower)).toEqual(fromTo(0, 4_999));
    expect(follower.step()).toEqual({ kind: "unchanged" });
    store.append([numbered(5_000)]);
    expect(numbersFrom(follower)).toEqual([5_000]);
  });

  test("goes over several rotations that came while it slept", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using follower = follow(folder.path);
    store.append(numberedRows(0, 9));
    expect(numbersFrom(follower)).toEqual(fromTo(0, 9));
    store.append(numberedRows(10, 19));
    for (const second of [20, 21, 22]) {
      store.rotate(START_US + second * SECOND_US);
      store.append([numbered(second)]);
    }
    expect(numbersFrom(follower)).toEqual([...fromTo(10, 19), 20, 21, 22]);
  });

  test("has closed a segment whose end it has read, so that it can be finished", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using follower = follow(folder.path);
    store.append(numberedRows(0, 9));
    stepsOf(follower);
    const { sealed } = store.rotate(START_US + 10 * SECOND_US);
    stepsOf(follower);
    using database = new DisposableStack();
    const opened = database.adopt(new Sqlite(sealed), (connection) => connection.close());
    expect(opened.pragma("journal_mode = DELETE", { simple: true })).toBe("delete");
  });

  test("asks again while another process has the segment to itself", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(0, 9));
    const { sealed } = store.rotate(START_US + 10 * SECOND_US);
    using follower = follow(folder.path);
    using database = new DisposableStack();
    const opened = database.adopt(new Sqlite(sealed), (connection) => connection.close());
    opened.pragma("journal_mode = DELETE");
    opened.exec("BEGIN EXCLUSIVE");
    expect(follower.step()).toEqual({ kind: "busy" });
    opened.exec("COMMIT");
    expect(numbersFrom(follower)).toEqual(fromTo(0, 9));
  });

  test("leaves out segments and rows that are older than the requested time", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(0, 9));
    store.rotate(START_US + 1_000 * SECOND_US);
    store.append(numberedRows(1_000, 1_009));
    using follower = follow(folder.path, START_US + 1_005 * SECOND_US);
    expect(numbersFrom(follower)).toEqual(fromTo(1_005, 1_009));
  });

  test("says how many committed rows it has not looked at", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    store.append(numberedRows(0, 2_499));
    using follower = follow(folder.path);
    let left = 2_500;
    const pages = stepsOf(follower).flatMap((step) => (step.kind === "rows" ? [step.rows] : []));
    // A page ends at its time limit, too: where the machine is slow there are more of them.
    expect(pages.length).toBeGreaterThanOrEqual(3);
    for (const { messages, lagRows } of pages) {
      left -= messages.length;
      expect(lagRows).toBe(left);
    }
    expect(left).toBe(0);
  });

  test("goes past a segment that retention removed before it was read", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using follower = follow(folder.path);
    store.append(numberedRows(0, 9));
    stepsOf(follower);
    const { live: second } = store.rotate(START_US + 10 * SECOND_US);
    store.append(numberedRows(10, 19));
    store.rotate(START_US + 20 * SECOND_US);
    store.append(numberedRows(20, 29));
    remove(second);
    const steps = stepsOf(follower);
    expect(steps).toContainEqual({
      kind: "skipped",
      skipped: { segment: basename(second), kind: "removed", reason: expect.any(String) },
    });
    const rows = steps.flatMap((step) =>
      step.kind === "rows" ? numbersOf(step.rows.messages) : [],
    );
    expect(rows).toEqual(fromTo(20, 29));
  });

  test("says that the segment is gone that it was reading", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    using follower = follow(folder.path);
    store.append(numberedRows(0, 9));
    stepsOf(follower);
    renameSync(store.liveFile(), `${store.liveFile()}.elsewhere`);
    expect(follower.step()).toEqual({ kind: "gone" });
  });

  test("reports a damaged segment once, and skips it when there is another", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    const { sealed } = store.rotate(START_US + SECOND_US);
    const damaged = `${dirname(sealed)}/devices-20251231T235959.000000Z.db`;
    writeFileSync(damaged, "rubbish ".repeat(1_000));
    rmSync(sealed);
    store.append(numberedRows(2, 5));
    using follower = follow(folder.path, 0);
    const steps = stepsOf(follower);
    expect(existsSync(damaged)).toBe(true);
    expect(steps.filter(({ kind }) => kind === "skipped")).toHaveLength(1);
    expect(
      steps.flatMap((step) => (step.kind === "rows" ? numbersOf(step.rows.messages) : [])),
    ).toEqual(fromTo(2, 5));
  });

  test("leaves a silent segment without a seal, once another has been behind it for a while", () => {
    using folder = temporaryFolder();
    using store = openDevices(folder.path);
    let nowMs = 0;
    using follower = follow(folder.path, START_US, () => nowMs);
    store.append(numberedRows(0, 9));
    stepsOf(follower);
    const { sealed } = store.rotate(START_US + 10 * SECOND_US);
    using database = new DisposableStack();
    const opened = database.adopt(new Sqlite(sealed), (connection) => connection.close());
    opened.exec("DELETE FROM sealed");
    store.append(numberedRows(10, 19));
    expect(numbersFrom(follower)).toEqual([]);
    nowMs += 10_000;
    expect(numbersFrom(follower)).toEqual([]);
    nowMs += 10_000;
    follower.step();
    expect(numbersFrom(follower)).toEqual(fromTo(10, 19));
  });
});

function remove(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
}
