import { describe, expect, test } from "@jest/globals";
import { type Level, type PlannedFile, planMerge } from "../../src/points/merge-plan.ts";

const DAY = "2026-11-17";
const DURING_US = Date.UTC(2026, 10, 17, 12) * 1_000;
const NEXT_DAY_US = Date.UTC(2026, 10, 18, 1) * 1_000;
const NEXT_MONTH_US = Date.UTC(2026, 11, 1, 1) * 1_000;

const file = (number: number, level: Level, rows = 100, part = DAY): PlannedFile => ({
  number,
  part,
  level,
  arrival: number,
  rows,
});
const files = (from: number, count: number, level: Level, rows?: number): PlannedFile[] =>
  Array.from({ length: count }, (_, index) => file(from + index, level, rows));

/** The numbers of the files that would become one, and what that would be. */
function plan(
  all: readonly PlannedFile[],
  nowUs: number,
  { withMonths = true }: { withMonths?: boolean } = {},
) {
  const found = planMerge(all, { nowUs, withMonths });
  return found && { ...found, inputs: found.inputs.map(({ number }) => number) };
}

describe("while its day lasts", () => {
  test("twelve files of flushes become one of hours", () => {
    expect(plan(files(1, 11, 0), DURING_US)).toBeNull();
    expect(plan([...files(1, 12, 0), file(13, 1)], DURING_US)).toEqual({
      inputs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      part: DAY,
      level: 1,
    });
  });

  test("files of hours wait for its end, unless there are very many", () => {
    expect(plan([...files(1, 35, 1), file(40, 0)], DURING_US)).toBeNull();
    expect(plan([...files(1, 36, 1), file(40, 0)], DURING_US)).toMatchObject({ level: 1 });
    expect(plan([...files(1, 36, 1), file(40, 0)], DURING_US)?.inputs).not.toContain(40);
  });
});

describe("when its day has ended", () => {
  test("all of it becomes one file an hour later, in the order of arrival", () => {
    const all = [file(3, 0), file(9, 1), file(5, 1), file(10, 0)];
    expect(plan(all, NEXT_DAY_US - 1)).toBeNull();
    expect(plan(all, NEXT_DAY_US)).toEqual({ inputs: [5, 9, 3, 10], part: DAY, level: 2 });
  });

  test("one file stays as it is", () => {
    expect(plan([file(3, 0)], NEXT_DAY_US)).toBeNull();
    expect(plan([file(3, 2)], NEXT_DAY_US)).toBeNull();
  });

  test("late points wait until they are worth writing the day again, or until there are many files", () => {
    const day = file(1, 2, 1_000);
    expect(plan([day, ...files(2, 2, 0, 100)], NEXT_DAY_US)).toBeNull();
    expect(plan([day, ...files(2, 2, 0, 125)], NEXT_DAY_US)).toMatchObject({ level: 2 });
    expect(plan([day, ...files(2, 12, 0, 1)], NEXT_DAY_US)).toMatchObject({ level: 1 });
    expect(plan([day, ...files(2, 12, 1, 1)], NEXT_DAY_US)).toMatchObject({ level: 2 });
  });
});

describe("when its month has ended", () => {
  const days = [file(1, 2), file(2, 2, 100, "2026-11-18"), file(3, 0, 5, "2026-11-30")];

  test("its days become one file, where points are kept for long", () => {
    expect(plan(days, NEXT_MONTH_US - 1)).toBeNull();
    expect(plan(days, NEXT_MONTH_US)).toEqual({
      inputs: [1, 2, 3],
      part: "2026-11",
      level: 3,
    });
    expect(plan(days, NEXT_MONTH_US, { withMonths: false })).toBeNull();
  });

  test("a late day joins it once it is a quarter of it", () => {
    const month = file(4, 3, 400, "2026-11");
    expect(plan([month, file(5, 2, 99)], NEXT_MONTH_US)).toBeNull();
    expect(plan([month, file(5, 2, 100)], NEXT_MONTH_US)).toEqual({
      inputs: [4, 5],
      part: "2026-11",
      level: 3,
    });
  });
});
