import { expect, test } from "@jest/globals";
import { sparkline } from "../src/table.ts";

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
