import { describe, expect, test } from "@jest/globals";
import { filterHolds, filtersOverlap } from "@weir/protocol";
import fc from "fast-check";
import { EVERY_TOPIC, matchesPlainly, validFilter } from "./reference.ts";

const topicsOf = (filter: string): Set<string> =>
  new Set(EVERY_TOPIC.filter((topic) => matchesPlainly(filter, topic)));

describe("two filters", () => {
  test("overlap when a topic belongs to both", () => {
    fc.assert(
      fc.property(validFilter, validFilter, (a, b) => {
        expect(filtersOverlap(a, b)).toBe(!topicsOf(a).isDisjointFrom(topicsOf(b)));
      }),
      { numRuns: 300 },
    );
  });

  test("hold one another when each topic of the one is one of the other", () => {
    fc.assert(
      fc.property(validFilter, validFilter, (a, b) => {
        expect(filterHolds(a, b)).toBe(topicsOf(b).isSubsetOf(topicsOf(a)));
      }),
      { numRuns: 300 },
    );
  });
});
