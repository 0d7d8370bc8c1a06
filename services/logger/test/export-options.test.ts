import { describe, expect, test } from "@jest/globals";
import { Fault } from "@weir/fault";
import { START_US } from "@weir/testkit";
import { readExportRequest } from "../src/export/command-line.ts";
import { renderProgress } from "../src/recording/progress.ts";
import { parseTime } from "../src/recording/time.ts";

const HOUR_US = 3_600_000_000;

describe("a time", () => {
  test.each([
    ["now", START_US],
    ["-2h", START_US - 2 * HOUR_US],
    ["-1.5h", START_US - 1.5 * HOUR_US],
    ["-90s", START_US - 90_000_000],
    ["-250ms", START_US - 250_000],
    ["2 hours ago", START_US - 2 * HOUR_US],
    ["1 day ago", START_US - 24 * HOUR_US],
    ["3d ago", START_US - 72 * HOUR_US],
    ["2026-01-01", START_US],
    ["2026-01-01T00:00:00.000001Z", START_US + 1],
    ["2026-01-01T00:00:00.1234567Z", START_US + 123_456],
    ["2026-01-01T02:00:00+01:00", START_US + HOUR_US],
    ["2026-01-01T01:00:00", START_US + HOUR_US],
    ["1767225600", START_US],
    ["1767225600.5", START_US + 500_000],
    ["1767225600000", START_US],
    ["1767225600000001", START_US + 1],
  ])("may be written as %j", (text, expected) => {
    expect(parseTime(text, START_US)).toBe(expected);
  });

  test.each([
    "",
    "yesterday",
    "-2",
    "-2y",
    "2h",
    "2026-13-01",
    "2026-01-01T25:00:00Z",
    "1e9",
    "- 2h",
  ])("is not %j", (text) => {
    expect(parseTime(text, START_US)).toBeNull();
  });
});

describe("the options of an export", () => {
  const environment = { DB_FILE: "x/weir.db", WEIR_FILE: "" };
  const read = (...argv: string[]) => readExportRequest(argv, environment, START_US);

  function problemOf(...argv: string[]): string {
    try {
      read(...argv);
    } catch (error) {
      if (error instanceof Fault && error.exitCode === 78)
        return `${error.message}. ${error.remedy}`;
    }
    throw new Error(`${argv.join(" ")} was not refused`);
  }

  test("end at the present, unless they say when", () => {
    expect(read("--stream", "data", "--from", "-2h")).toMatchObject({
      stream: { name: "data" },
      query: { fromUs: START_US - 2 * HOUR_US, toUs: START_US, filters: [], isThorough: false },
      output: null,
    });
  });

  test("may repeat --topic", () => {
    expect(read("--stream", "data", "--topic", "a/+", "--topic=b")).toMatchObject({
      query: { filters: ["a/+", "b"] },
    });
  });

  test.each([
    [["--stream", "nobody"], '--stream: there is no "nobody". The streams are: data, devices.'],
    [[], "--stream is missing. The streams are: data, devices."],
    [["--stream", "data", "--from", "soon"], '--from: "soon" is not allowed. It must be ISO 8601'],
    [["--stream", "data", "--from", "-1h", "--to", "-2h"], '--from: "-1h" is not allowed'],
    [["--stream", "data", "--topic", "a/#/b"], '--topic: "a/#/b" is not allowed'],
    [["--stream", "data", "--limit", "0"], '--limit: "0" is not allowed'],
    [
      ["--stream", "data", "--format", "xml"],
      '--format: "xml" is not allowed. It must be csv or jsonl',
    ],
    [["--stream", "data", "--loudly"], "Unknown option '--loudly'"],
    [["--stream", "data", "more"], "Unexpected argument 'more'"],
  ])("%j are refused, with what would be right", (argv, problem) => {
    expect(problemOf(...argv)).toContain(problem);
  });
});

describe("the progress of a command", () => {
  test("is told in messages, share of the time, and speed", () => {
    const span = { fromUs: START_US, toUs: START_US + 4 * HOUR_US };
    const state = { ...span, messages: 12_000, reachedUs: START_US + HOUR_US, elapsedMs: 2_000 };
    expect(renderProgress(state)).toBe("25 %, 12,000 messages, 6,000/s, at 2026-01-01T01:00:00Z");
  });

  test("does not know its share before the first message, nor its speed at once", () => {
    const state = { messages: 0, reachedUs: null, fromUs: null, toUs: START_US, elapsedMs: 0 };
    expect(renderProgress(state)).toBe("0 messages, 0/s");
  });
});
