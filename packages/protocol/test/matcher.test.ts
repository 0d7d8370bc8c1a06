import { describe, expect, test } from "@jest/globals";
import { createTopicMatcher } from "@weir/protocol";
import fc from "fast-check";
import { EVERY_TOPIC, matchesPlainly, validFilter } from "./reference.ts";

describe("a matcher", () => {
  test("finds the entries that match, in their order", () => {
    const matcher = createTopicMatcher([
      { filter: "#", value: "everything" },
      { filter: "a/b", value: "exact" },
      { filter: "c", value: "other" },
      { filter: "a/+", value: "below a" },
    ]);
    expect(matcher("a/b")).toEqual(["everything", "exact", "below a"]);
    expect(matcher("$SYS/b")).toEqual([]);
  });

  test("finds what matching one filter after the other finds", () => {
    const topics = fc.array(fc.constantFrom(...EVERY_TOPIC), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(fc.array(validFilter, { maxLength: 12 }), topics, (filters, some) => {
        const matcher = createTopicMatcher(filters.map((filter, value) => ({ filter, value })));
        for (const topic of some) {
          const expected = [...filters.keys()].filter((place) =>
            matchesPlainly(filters[place] ?? "", topic),
          );
          expect(matcher(topic)).toEqual(expected);
        }
      }),
    );
  });

  test("finds nothing without entries", () => {
    expect(createTopicMatcher([])("a")).toEqual([]);
  });

  test("matches levels that are property names of every object", () => {
    const matcher = createTopicMatcher([{ filter: "__proto__/constructor", value: 1 }]);
    expect(matcher("__proto__/constructor")).toEqual([1]);
    expect(matcher("toString")).toEqual([]);
  });

  test("takes filters and topics of 65,535 levels", () => {
    const slashes = "/".repeat(65_534);
    const matcher = createTopicMatcher([
      { filter: `${slashes}+`, value: "deep" },
      { filter: "/#", value: "all" },
    ]);
    expect(matcher(`${slashes}a`)).toEqual(["deep", "all"]);
  });
});
