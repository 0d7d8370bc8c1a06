import { expect, test } from "@jest/globals";
import { numberText, sparkline } from "../src/output.ts";

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
