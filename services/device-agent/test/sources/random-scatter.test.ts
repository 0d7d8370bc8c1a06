import { expect, test } from "@jest/globals";
import { source as scatter } from "../../src/sources/random-scatter.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

test("a scatter is named as its source, from 0 to 28.910 by default", () => {
  using source = openSource(scatter, {}, { name: "noise" });
  expect(source.attributes).toEqual([
    {
      name: "noise",
      label: "noise",
      unit: null,
      range: { min: 0, max: 28.91 },
      decimals: 3,
      deviceClass: null,
    },
  ]);
});

test("it goes from bound to bound, with three decimals", async () => {
  const draws = [0, 0.123_456, 0.5, 1 - 2 ** -53];
  using source = openSource(scatter, { min: -1, max: 1 }, { random: () => draws.shift() ?? 0 });
  const values = [await read(source), await read(source), await read(source), await read(source)];
  expect(values).toEqual([{ it: -1 }, { it: -0.753 }, { it: 0 }, { it: 1 }]);
});

test("its numbers are spread evenly", async () => {
  using source = openSource(scatter, { min: 0, max: 10 });
  const bins = new Array<number>(10).fill(0);
  for (let count = 0; count < 10_000; count += 1) {
    const { it = 0 } = await read(source);
    const bin = Math.min(9, Math.floor(it));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
  // Nine degrees of freedom: an even spread is above 27.88 once in a thousand times.
  expect(chiSquare).toBeLessThan(27.88);
});

test.each([
  [{ min: 3, max: 3 }, "max: it must be larger than min"],
  [{ min: "low" }, "min: it must be a number"],
  [{ maximum: 3 }, ': Unrecognized key: "maximum"'],
])("options %j are refused: %s", (options, problem) => {
  expect(problemsWith(scatter, options)).toEqual([problem]);
});
