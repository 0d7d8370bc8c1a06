import { describe, expect, test } from "@jest/globals";
import {
  createFakeClock,
  NOTHING_CONFIGURED,
  openTestStore,
  rowOf,
  START_US,
  temporaryFolder,
} from "@weir/testkit";
import { startHere } from "./fixture.ts";

const HOUR_US = 3_600_000_000;

describe("the options of an export", () => {
  /** Exports at the time when test stores begin. */
  const run = (file: string, ...argv: string[]) =>
    startHere(["export", ...argv], {
      environment: { DB_FILE: file },
      clock: createFakeClock(START_US / 1_000),
    }).ended;

  test("end at the present, unless they say when", async () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      store.append([-3, -1, 0, 1].map((hours) => rowOf(`${hours} h`, START_US + hours * HOUR_US)));
    }
    const read = async (...argv: string[]) => {
      const { out } = await run(folder.file("weir.db"), "--stream", "data", ...argv);
      return [...out.matchAll(/-?\d h/g)].map(([payload]) => payload);
    };
    expect(await read()).toEqual(["-3 h", "-1 h"]);
    expect(await read("--from", "-2h")).toEqual(["-1 h"]);
    expect(await read("--to=-2h")).toEqual(["-3 h"]);
  });

  test("take a day, and times without a zone, in a time zone", async () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      const hours = [-26, -25, -24, -2, -1, -0.5];
      store.append(hours.map((hour) => rowOf(`${hour} h`, START_US + hour * HOUR_US)));
    }
    const read = async (...argv: string[]) => {
      const { out } = await run(folder.file("weir.db"), "--stream", "data", ...argv);
      return [...out.matchAll(/-?[\d.]+ h/g)].map(([payload]) => payload);
    };
    const berlin = ["--time-zone", "Europe/Berlin"];
    expect(await read("--day", "yesterday")).toEqual(["-24 h", "-2 h", "-1 h", "-0.5 h"]);
    expect(await read("--day", "yesterday", ...berlin)).toEqual(["-25 h", "-24 h", "-2 h"]);
    expect(await read("--day", "2025-12-31", ...berlin)).toEqual(["-25 h", "-24 h", "-2 h"]);
    expect(await read("--day", "today", ...berlin)).toEqual(["-1 h", "-0.5 h"]);
    expect(await read("--from", "2025-12-31 23:30", ...berlin)).toEqual(["-1 h", "-0.5 h"]);
    expect(await read("--to", "2025-12-31", ...berlin)).toEqual(["-26 h"]);
  });

  test("may repeat --topic", async () => {
    using folder = temporaryFolder();
    {
      using store = openTestStore(folder.file("weir.db"));
      const topics = ["a/x", "b", "c"];
      store.append(topics.map((topic, at) => ({ ...rowOf("1", START_US - 9 + at), topic })));
    }
    const argv = ["--stream", "data", "--topic", "a/+", "--topic=b", "--format", "jsonl"];
    const { out } = await run(folder.file("weir.db"), ...argv);
    expect([...out.matchAll(/"topic":"([^"]+)"/g)].map(([, topic]) => topic)).toEqual(["a/x", "b"]);
  });

  test.each([
    [["--stream", "absent"], '--stream: there is no "absent"\nThe streams are: data, devices.'],
    [[], "--stream is missing\nThe streams are: data, devices."],
    [["--stream", "data", "--from", "soon"], '--from: "soon" is not allowed\nIt must be ISO 8601'],
    [
      ["--stream", "data", "--from", "-1h", "--to", "-2h"],
      '--from "-1h" (2025-12-31T23:00:00.000000Z) is not before --to "-2h" (2025-12-31T22:00:00.000000Z)\n--from is the beginning and --to the end: swap them',
    ],
    [
      ["--stream", "data", "--from", "2026-01-02"],
      '--from "2026-01-02" (2026-01-02T00:00:00.000000Z) is not before now (2026-01-01T00:00:00.000000Z)\n',
    ],
    [
      ["--stream", "data", "--from", "2026-01-02", "--time-zone", "Asia/Tokyo"],
      '--from "2026-01-02" (2026-01-02T00:00:00.000000+09:00) is not before now (2026-01-01T09:00:00.000000+09:00)\n',
    ],
    [
      ["--stream", "data", "--day", "2026-01-02"],
      '--day "2026-01-02" (2026-01-02T00:00:00.000000Z) is not before now (2026-01-01T00:00:00.000000Z)\n',
    ],
    [
      ["--stream", "data", "--day", "monday"],
      '--day: "monday" is not allowed\nIt must be yesterday, today, or a day that there was in UTC: 2026-11-26',
    ],
    [
      ["--stream", "data", "--day", "yesterday", "--from", "-2h"],
      "--day and --from exclude each other\n--day is a whole day",
    ],
    [
      ["--stream", "data", "--day", "yesterday", "--to", "now"],
      "--day and --to exclude each other\n",
    ],
    [
      ["--stream", "data", "--time-zone", "Europe/Berlni"],
      '--time-zone: "Europe/Berlni": there is no such time zone; give a name of the IANA database: Europe/Berlin, UTC; did you mean Europe/Berlin?\n',
    ],
    [["--stream", "data", "--time-zone", "+01:00"], '--time-zone: "+01:00": there is no such'],
    [["--stream", "data", "--topic", "a/#/b"], '--topic: "a/#/b" is not allowed'],
    [["--stream", "data", "--limit", "0"], '--limit: "0" is not allowed'],
    [
      ["--stream", "data", "--format", "xml"],
      '--format: "xml" is not allowed\nIt must be csv or jsonl',
    ],
    [
      ["--stream", "data", "--format", "jsonl", "--spreadsheet"],
      '--format: "jsonl" is not allowed\nIt must be csv with --spreadsheet',
    ],
    [["--stream", "data", "--loudly"], "unknown option '--loudly'"],
    [["--stream", "data", "more"], "too many arguments"],
  ])("%j are refused, with what would be right", async (argv, problem) => {
    const { code, out, err } = await run("x/weir.db", ...argv);
    expect({ code, out }).toEqual({ code: 78, out: "" });
    expect(err.replace(` in ${NOTHING_CONFIGURED}`, "")).toContain(`weir export: ${problem}`);
  });
});
