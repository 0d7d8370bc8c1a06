import { expect, test } from "@jest/globals";
import { createRandom, xoshiro128 } from "../../src/sources/random.ts";

test("the seeded generator is xoshiro128**, by the numbers of its authors' own program", () => {
  const word = xoshiro128([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, word)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ]);
});

test("a seed gives the same numbers again, and its neighbour others", () => {
  const [one, again, next] = [createRandom(7), createRandom(7), createRandom(8)].map((random) =>
    Array.from({ length: 100 }, random),
  );
  expect(again).toEqual(one);
  expect(next?.filter((number) => one?.includes(number))).toEqual([]);
});

test.each([
  ["of a seed", 1],
  ["of the operating system", null],
])("numbers %s are in [0, 1), and use all of their 53 bits", (_, seed) => {
  const random = createRandom(seed);
  const numbers = Array.from({ length: 5_000 }, random);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  // Of a sum of 5,000 the deviation is 0.004; six of them.
  expect(Math.abs(numbers.reduce((a, b) => a + b) / numbers.length - 0.5)).toBeLessThan(0.0245);
  // Each bit is as often set as not: 2,500 times, give or take six deviations of 35.
  for (let bit = 1; bit <= 53; bit += 1) {
    const set = numbers.filter((number) => Math.floor(number * 2 ** bit) % 2 === 1).length;
    expect(Math.abs(set - 2_500)).toBeLessThan(213);
  }
});

test("numbers of the operating system are others each time", () => {
  expect(createRandom(null)()).not.toBe(createRandom(null)());
});
