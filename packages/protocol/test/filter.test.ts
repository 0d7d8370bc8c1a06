import { describe, expect, test } from "@jest/globals";
import {
  createTopicMatcher,
  filterHolds,
  filterProblem,
  filtersOverlap,
  matchesFilter,
} from "@weir/protocol";
import fc from "fast-check";
import { EVERY_TOPIC, matchesPlainly, validFilter } from "./reference.ts";

describe("a filter", () => {
  test.each(["a", "/", "#", "+", "a/+/b", "a/#", "+/#", "$SYS/#", "//", "räume/温度", "a b", " "])(
    "is valid: %j",
    (filter) => {
      expect(filterProblem(filter)).toBeNull();
    },
  );

  test.each([
    ["", "at least one character"],
    ["a\0b", "NUL"],
    ["a/\ud800", "half a character"],
    ["a#", "whole levels"],
    ["a/b+", "whole levels"],
    ["++", "whole levels"],
    ["#/a", "last level"],
    ["a/#/#", "last level"],
    ["$share/group/a", "shared subscriptions"],
    ["$share", "shared subscriptions"],
  ])("is refused: %j, saying %j", (filter, words) => {
    expect(filterProblem(filter)).toContain(words);
  });

  test("has up to 65,535 bytes, not characters [MQTT-4.7.3-3]", () => {
    expect(filterProblem("a".repeat(65_535))).toBeNull();
    expect(filterProblem("a".repeat(65_536))).toContain("65535");
    expect(filterProblem("ä".repeat(32_768))).toContain("65536");
  });

  test("is quoted in a short form when it is long", () => {
    expect(filterProblem(`a/${"b".repeat(10_000)}+`)?.length).toBeLessThan(200);
  });
});

describe("matching", () => {
  // The examples of the standard, and what follows from its clauses.
  test.each([
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["sport/#", "sports", false],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$SYS/monitor", false],
    ["+/monitor/Clients", "$SYS/monitor/Clients", false],
    ["$SYS/#", "$SYS/monitor", true],
    ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
    ["a/+", "a/$b", true],
    ["ACCOUNTS", "Accounts", false],
    ["é", "e\u0301", false],
    ["a", "a/", false],
    ["a/../b", "b", false],
    ["#", "a\nb", true],
  ])("%j on %j is %j", (filter, topic, expected) => {
    expect(matchesFilter(filter, topic)).toBe(expected);
  });

  test("does what the standard says for every filter", () => {
    fc.assert(
      fc.property(validFilter, fc.constantFrom(...EVERY_TOPIC), (filter, topic) => {
        expect(matchesFilter(filter, topic)).toBe(matchesPlainly(filter, topic));
      }),
      { numRuns: 5_000 },
    );
  });

  test("takes topics and filters of 65,535 levels", () => {
    const slashes = "/".repeat(65_534);
    expect(matchesFilter(`${slashes}+`, `${slashes}a`)).toBe(true);
    expect(matchesFilter("+/#", slashes)).toBe(true);
  });
});

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

  test("takes a wildcard in a topic, which the standard forbids, as a name that no filter has", () => {
    const matcher = createTopicMatcher([
      { filter: "a/+", value: "one level" },
      { filter: "a/#", value: "all levels" },
      { filter: "a/b", value: "exact" },
    ]);
    for (const topic of ["a/+", "a/#"]) expect(matcher(topic)).toEqual(["one level", "all levels"]);
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
