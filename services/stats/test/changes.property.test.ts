import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Changes } from "../src/changes.ts";

interface Given {
  second: number;
  value: number;
}

/** The same by a straightforward loop over all points of the window. */
function straightforward(points: readonly Given[], from: number, to: number) {
  const inOrder = points
    .filter(({ second }) => second >= from && second <= to)
    .toSorted((one, other) => one.second - other.second);
  let increase = 0;
  let transitions = 0;
  let onSeconds = 0;
  inOrder.forEach(({ second, value }, index) => {
    const next = inOrder[index + 1];
    onSeconds += value * ((next?.second ?? to + 1) - second);
    if (next === undefined) return;
    increase += next.value >= value ? next.value - value : next.value;
    transitions += Number(next.value !== value);
  });
  const first = inOrder[0];
  const share = first === undefined ? null : onSeconds / (to + 1 - first.second);
  return { increase, transitions, share };
}

test("counters and states equal a loop over their points, whatever the order of arrival", () => {
  const point = fc.record({
    second: fc.integer({ min: 0, max: 60 }),
    value: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(
      fc.array(point, { maxLength: 60 }),
      fc.integer({ min: -1, max: 30 }),
      fc.integer({ min: 0, max: 60 }),
      (points, forgotten, from) => {
        const changes = new Changes();
        for (const { second, value } of points) changes.add(second, value);
        changes.forgetThrough(forgotten);
        const start = Math.max(from, forgotten + 1);
        expect(changes.summarize(start, 60)).toEqual(straightforward(points, start, 60));
      },
    ),
    { numRuns: 2_000 },
  );
});
