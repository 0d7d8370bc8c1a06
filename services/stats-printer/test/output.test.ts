import { describe, expect, test } from "@jest/globals";
import { parseStatistics, type Statistics } from "@weir/protocol";
import { STEERS_TERMINAL } from "@weir/testkit";
import { createOutput as create, numberText, type Output, sparkline } from "../src/output.ts";

/** What is written, as it is. */
function createOutput(
  ...given: Parameters<typeof create>
): (update: Parameters<Output>[0]) => string {
  const output = create(...given);
  return (update) => {
    const { control = "", text } = output(update);
    return control + text;
  };
}

const detail = { count: 3, min: 1, max: 9.5, ageSeconds: 0 };
const statistics: Statistics = {
  avg_1min: 46,
  avg_5min: 45.7,
  avg_30min: null,
  at: 1_795_207_143,
  throughId: 12,
  lagRows: 0,
  windows: { "1min": detail, "5min": detail, "30min": { ...detail, count: 0 } },
};
const update = { statistics, updatedAt: new Date(statistics.at * 1_000) };
const stale = { statistics: null, updatedAt: update.updatedAt };

describe("the table", () => {
  test("off a terminal is a header and then a line for each update", () => {
    const output = createOutput("table", false);
    expect(output(update) + output(stale)).toBe(
      "      avg_1min      avg_5min     avg_30min\n" +
        "            46          45.7             -\n" +
        "             -             -             -\n",
    );
  });

  test("off a terminal repeats its header from time to time", () => {
    const output = createOutput("table", false);
    const text = Array.from({ length: 45 }, () => output(update)).join("");
    expect(text.match(/avg_1min/g)).toHaveLength(3);
  });

  test("on a terminal shows averages, counts, extremes, time and course", () => {
    const text = createOutput("table", true)(update);
    expect(text).toContain("│ average │       46 │     45.7 │         - │");
    expect(text).toContain("│ count   │        3 │        3 │         0 │");
    expect(text).toContain("as of 20:39:03 UTC");
    expect(text).toContain("avg_1min ▅");
  });

  test("on a terminal is redrawn over itself", () => {
    const output = createOutput("table", true);
    const lines = output(update).split("\n").length - 1;
    expect(output(update).startsWith(`\x1b[${lines}A\r\x1b[J`)).toBe(true);
  });

  test("on a terminal shows how far behind the statistics are", () => {
    const behind = { ...update, statistics: { ...statistics, lagRows: 12 } };
    expect(createOutput("table", true)(behind)).toContain("12 rows behind");
  });
});

test("nothing but numbers is printed, whatever is published as statistics", () => {
  const hostile = "\u001b[2J\u009b1A\u202e\n";
  const published = Buffer.from(
    JSON.stringify({ ...statistics, [hostile]: hostile, name: hostile }),
  );
  const parsed = parseStatistics(published);
  expect(parsed).toEqual(statistics);
  for (const format of ["json", "csv", "table"] as const) {
    const text = createOutput(format, false)({ statistics: parsed, updatedAt: update.updatedAt });
    expect(text).not.toMatch(STEERS_TERMINAL);
  }
});

test("JSON is the statistics as they came, a line each, and null when they are stale", () => {
  const output = createOutput("json", true);
  expect(JSON.parse(output(update))).toEqual(statistics);
  expect(output(stale)).toBe("null\n");
});

test("CSV has one header, and empty fields where there is no value", () => {
  const output = createOutput("csv", true);
  expect(output(update) + output(stale)).toBe(
    "at,avg_1min,avg_5min,avg_30min,count_1min,count_5min,count_30min\n" +
      "1795207143,46,45.7,,3,3,0\n" +
      ",,,,,,\n",
  );
});

test.each([
  [46, "46"],
  [45.7, "45.7"],
  [47.18, "47.18"],
  [41.666666666666664, "41.6667"],
  [0, "0"],
  [-0.5, "-0.5"],
  [100, "100"],
  [999999.5, "1e+06"],
  [123456.4, "123456"],
  [1234567, "1.23457e+06"],
  [0.0001, "0.0001"],
  [0.00001234, "1.234e-05"],
  [1e15, "1e+15"],
  [null, "-"],
])("%s is shown with six significant digits as %s", (value, text) => {
  expect(numberText(value)).toBe(text);
});

test.each([
  [[0, 7], "▁█"],
  [[0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"],
  [[5, 5], "▅▅"],
  [[1, null, 2], "▁ █"],
  [[null, null], "  "],
  [[], ""],
])("%j is drawn as %s", (values, line) => {
  expect(sparkline(values)).toBe(line);
});
