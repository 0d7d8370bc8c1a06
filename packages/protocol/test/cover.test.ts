import { describe, expect, test } from "@jest/globals";
import { coverOf, type FilterQos, joinedCoverOf } from "@weir/protocol";
import fc from "fast-check";
import { EVERY_TOPIC, matchesPlainly, validFilter } from "./reference.ts";

const someFilters = fc.array(
  fc.record({ filter: validFilter, qos: fc.constantFrom(0 as const, 1 as const) }),
  { minLength: 1, maxLength: 6 },
);

function topicsOf(filter: string): Set<string> {
  return new Set(EVERY_TOPIC.filter((topic) => matchesPlainly(filter, topic)));
}

/** The QoS that a topic comes with at best; `undefined` for one that does not come. */
function qosByTopic(filters: readonly FilterQos[]): Map<string, number> {
  const best = new Map<string, number>();
  for (const { filter, qos } of filters) {
    for (const topic of topicsOf(filter)) best.set(topic, Math.max(qos, best.get(topic) ?? 0));
  }
  return best;
}

/** How many of the filters bring the topic that most of them bring. */
function copiesMax(filters: readonly FilterQos[]): number {
  const sets = filters.map(({ filter }) => topicsOf(filter));
  return Math.max(...EVERY_TOPIC.map((topic) => sets.filter((set) => set.has(topic)).length));
}

const at = (qos: 0 | 1, ...filters: string[]): FilterQos[] =>
  filters.map((filter) => ({ filter, qos }));

describe("a cover", () => {
  test("leaves out what another filter holds, and takes over its QoS", () => {
    const filters = [...at(0, "a/#"), ...at(1, "a/b", "a"), ...at(0, "c")];
    expect(coverOf(filters)).toEqual({
      subscriptions: [...at(1, "a/#"), ...at(0, "c")],
      overlaps: false,
    });
  });

  test("keeps a filter under $ beside #, which does not hold it", () => {
    const filters = at(1, "#", "$SYS/#");
    expect(coverOf(filters)).toEqual({ subscriptions: filters, overlaps: false });
  });

  test("knows that /# has a level after its slash, as no topic is empty", () => {
    expect(coverOf(at(1, "/#", "+/+/#")).subscriptions).toEqual(at(1, "+/+/#"));
  });

  test("says when filters overlap of which none holds the other", () => {
    expect(coverOf(at(1, "a/+", "+/b")).overlaps).toBe(true);
  });

  test("keeps one of several that mean the same", () => {
    expect(coverOf(at(1, "+/#", "#", "+/#")).subscriptions).toHaveLength(1);
  });

  test("is of no filters when none are given", () => {
    expect(coverOf([])).toEqual({ subscriptions: [], overlaps: false });
    expect(joinedCoverOf([])).toEqual([]);
  });

  test("brings exactly the topics of the filters, each at no lower QoS", () => {
    fc.assert(
      fc.property(someFilters, (filters) => {
        const wanted = qosByTopic(filters);
        const brought = qosByTopic(coverOf(filters).subscriptions);
        expect(new Set(brought.keys())).toEqual(new Set(wanted.keys()));
        for (const [topic, qos] of wanted) expect(brought.get(topic)).toBeGreaterThanOrEqual(qos);
      }),
    );
  });

  test("holds no filter that another one makes redundant, and reports overlaps", () => {
    fc.assert(
      fc.property(someFilters, (filters) => {
        const { subscriptions, overlaps } = coverOf(filters);
        const sets = subscriptions.map(({ filter }) => topicsOf(filter));
        for (const [index, set] of sets.entries()) {
          expect(sets.some((other, place) => place !== index && set.isSubsetOf(other))).toBe(false);
        }
        expect(overlaps).toBe(copiesMax(subscriptions) > 1);
      }),
    );
  });

  test("gives each filter the highest QoS of what it holds", () => {
    const filters = [...at(0, "a/+", "+/b"), ...at(1, "a/b")];
    expect(coverOf(filters).subscriptions).toEqual(at(1, "a/+", "+/b"));
  });
});

describe("a joined cover", () => {
  test.each([
    [["a/+", "+/b"], ["+/+"]],
    [
      ["a/b/+", "a/+/c", "d"],
      ["a/+/+", "d"],
    ],
    [["+", "a/#"], ["#"]],
    [
      ["$SYS/+/a", "$SYS/b/+", "#"],
      ["$SYS/+/+", "#"],
    ],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [["a/b/#", "a/+/c/d"], ["a/+/#"]],
  ])("of %j is %j", (filters, expected) => {
    expect(joinedCoverOf(at(1, ...filters))).toEqual(at(1, ...expected));
  });

  test("brings each topic of the filters once, at no lower QoS", () => {
    fc.assert(
      fc.property(someFilters, (filters) => {
        const joined = joinedCoverOf(filters);
        const brought = qosByTopic(joined);
        for (const [topic, qos] of qosByTopic(filters)) {
          expect(brought.get(topic)).toBeGreaterThanOrEqual(qos);
        }
        expect(copiesMax(joined)).toBe(1);
      }),
    );
  });

  test("does not depend on the order of the filters", () => {
    fc.assert(
      fc.property(someFilters, (filters) => {
        const text = (some: readonly FilterQos[]) => some.map((one) => JSON.stringify(one)).sort();
        expect(text(joinedCoverOf(filters.toReversed()))).toEqual(text(joinedCoverOf(filters)));
      }),
    );
  });

  test("asks for no more than a plain cover where nothing overlaps", () => {
    fc.assert(
      fc.property(someFilters, (filters) => {
        const { subscriptions, overlaps } = coverOf(filters);
        fc.pre(!overlaps);
        expect(qosByTopic(joinedCoverOf(filters))).toEqual(qosByTopic(subscriptions));
      }),
    );
  });
});
