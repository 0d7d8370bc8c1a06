import { describe, expect, test } from "@jest/globals";
import { Fault } from "@weir/runtime";
import { NOTHING_CONFIGURED, START_US } from "@weir/testkit";
import { exportForm } from "../src/export.ts";
import { readRequest } from "../src/selection.ts";

const HOUR_US = 3_600_000_000;

describe("the options of an export", () => {
  const environment = { DB_FILE: "x/weir.db", WEIR_FILE: NOTHING_CONFIGURED };
  const read = (...argv: string[]) =>
    readRequest(exportForm, argv, { environment, nowUs: START_US });

  function problemOf(...argv: string[]): string {
    try {
      read(...argv);
    } catch (error) {
      if (error instanceof Fault && error.exitCode === 78)
        return `${error.message}. ${error.remedy}`.replace(` in ${NOTHING_CONFIGURED}`, "");
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
    [
      ["--stream", "data", "--format", "jsonl", "--spreadsheet"],
      '--format: "jsonl" is not allowed. It must be csv with --spreadsheet',
    ],
    [["--stream", "data", "--loudly"], "Unknown option '--loudly'"],
    [["--stream", "data", "more"], "Unexpected argument 'more'"],
  ])("%j are refused, with what would be right", (argv, problem) => {
    expect(problemOf(...argv)).toContain(problem);
  });
});
