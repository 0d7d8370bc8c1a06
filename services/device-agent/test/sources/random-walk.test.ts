import { describe, expect, test } from "@jest/globals";
import { createRandom } from "../../src/sources/random.ts";
import { nextValue, source as walk } from "../../src/sources/random-walk.ts";
import { openSource, problemsWith, read } from "./fixture.ts";

const BOUNDS = { min: 0, max: 28.91 };
const MIDDLE = 14.455;
const BINS = 20;

type Step = typeof nextValue;

/** The walk that ours is not: it is stopped at its bounds. */
const clamping: Step = (value, { min, max, step }, random) =>
  Math.min(max, Math.max(min, value + (2 * random() - 1) * step));

/** The share of time that a walk is in the outer twentieths of its range. */
function outerShare(next: Step, step: number): number {
  const random = createRandom(1);
  let outer = 0;
  let value = MIDDLE;
  for (let count = 0; count < 400_000; count += 1) {
    value = next(value, { ...BOUNDS, step }, random);
    if (value < 0.05 * BOUNDS.max || value > 0.95 * BOUNDS.max) outer += 1;
  }
  return outer / 400_000;
}

/** How uneven 1,500 values of a walk are, taken so far apart that they are independent. */
function chiSquare(next: Step, seed: number): number {
  const random = createRandom(seed);
  const bins = new Array<number>(BINS).fill(0);
  let value = MIDDLE;
  for (let place = 0; place < 1_500; place += 1) {
    // With steps of 5 a walk keeps 1 - (5π/28.91)²/6 of where it was in each; after 120 steps 0.2 %.
    for (let count = 0; count < 120; count += 1)
      value = next(value, { ...BOUNDS, step: 5 }, random);
    const bin = Math.min(BINS - 1, Math.floor((value / BOUNDS.max) * BINS));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins.reduce((sum, count) => sum + (count - 75) ** 2 / 75, 0);
}

describe("a long walk", () => {
  // The share of 400,000 steps deviates by 0.008 where they are of 2, and by less where they are longer.
  test.each([2, 5])(
    "in steps of %d is near its bounds no more than elsewhere; one that is stopped there clings",
    (step) => {
      expect(Math.abs(outerShare(nextValue, step) - 0.1)).toBeLessThan(0.02);
      expect(outerShare(clamping, step)).toBeGreaterThan(0.12);
    },
  );

  test.each([1, 2, 3])("is everywhere equally often, with the seed %d", (seed) => {
    // 19 degrees of freedom: what is even is above 43.82 once in a thousand times.
    expect(chiSquare(nextValue, seed)).toBeLessThan(43.82);
    expect(chiSquare(clamping, seed)).toBeGreaterThan(43.82);
  });
});

describe("a walk", () => {
  test("begins in the middle, and goes up to a step each time", async () => {
    const draws = [1 - 2 ** -53, 0, 0.75];
    using source = openSource(walk, {}, { random: () => draws.shift() ?? 0, name: "walk" });
    expect(source.attributes[0]).toMatchObject({ name: "walk", range: BOUNDS, decimals: 3 });
    expect([await read(source), await read(source), await read(source)]).toEqual([
      { walk: 15.455 },
      { walk: 14.455 },
      { walk: 14.955 },
    ]);
  });

  test("comes back from a bound by as much as it would have gone beyond", async () => {
    const draws = [0, 1];
    const options = { min: 10, max: 20, start: 10.25, step: 1 };
    using source = openSource(walk, options, { random: () => draws.shift() ?? 0 });
    expect(await read(source)).toEqual({ it: 10.75 });
    using upper = openSource(walk, { ...options, start: 19.5 }, { random: () => 1 });
    expect(await read(upper)).toEqual({ it: 19.5 });
  });

  test("goes on from its own value, not from the one that was rounded", async () => {
    using source = openSource(walk, { step: 0.000_4 }, { random: () => 1 });
    const values = [];
    for (let count = 0; count < 10; count += 1) values.push((await read(source)).it);
    expect(values.at(-1)).toBe(14.459);
  });

  test("stays within its bounds however long its steps are", () => {
    const random = createRandom(1);
    let value = 1.5;
    for (let count = 0; count < 10_000; count += 1) {
      value = nextValue(value, { min: 1, max: 2, step: 1_000 }, random);
      expect(value >= 1 && value <= 2).toBe(true);
    }
  });

  test("is the same for the same seed", async () => {
    const values = await Promise.all(
      [openSource(walk), openSource(walk)].map(async (source) => [
        await read(source),
        await read(source),
      ]),
    );
    expect(values[0]).toEqual(values[1]);
  });
});

test.each([
  [{ step: 0 }, "step: it must be larger than 0"],
  [{ min: 30 }, "max: it must be larger than min"],
  [{ start: 40 }, "start: it must be from min to max"],
  [{ steps: 1 }, ': Unrecognized key: "steps"'],
])("options %j are refused: %s", (options, problem) => {
  expect(problemsWith(walk, options)).toContain(problem);
});
