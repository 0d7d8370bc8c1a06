import { expect, jest, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { runCase } from "../../comparison.ts";
import { checkSubjects } from "../asking.ts";
import { casesOf, checksOf } from "../cases.ts";
import { rowsOf, seriesOf, states, walks, years } from "../sets.ts";
import { checkAnswer, computeAnswer, questionOf } from "../subject.ts";
import { openSubjects } from "../subjects.ts";
import { victoriaMetrics } from "../victoria-metrics.ts";

// Segments are finished by processes.
jest.setTimeout(120_000);

const HOUR_US = 3_600_000_000;
const small = {
  walks: () => walks({ series: 3, points: 2_000 }),
  states: () => states({ topics: 10, messages: 100 }),
  years: () => years({ minutes: 3_000, tens: 2_000 }),
};

test.each(Object.entries(small))(
  "all who keep the points of %s agree, and answer every case",
  async (_, makeSet) => {
    using folder = temporaryFolder();
    const set = makeSet();
    const notHere = { ...victoriaMetrics, obstacle: () => "not in this test" };
    const options = { folder: folder.path, say: () => {}, victoriaMetrics: notHere };
    await using subjects = await openSubjects(set, options);
    await checkSubjects(set, checksOf(set, subjects));
    const { signal } = new AbortController();
    const bench = { folder: () => folder.path, say: () => {}, signal };
    for (const one of casesOf(set, subjects, 10)) {
      const { failures, figures, skipped } = await runCase(bench, one, 1);
      expect(failures).toEqual([]);
      expect(figures.get("Weir")).toHaveLength(1);
      for (const reason of skipped.values()) expect(reason).toBe("not in this test");
    }
  },
);

test("a set is the same each time, and its messages come in the order of time", () => {
  for (const makeSet of Object.values(small)) {
    const [set, again] = [makeSet(), makeSet()];
    expect(seriesOf(set)).toEqual(seriesOf(again));
    const times = [...rowsOf(set)].flat().map(({ receivedUs }) => receivedUs);
    expect(times).toHaveLength(set.messages);
    expect(times.toSorted((one, other) => one - other)).toEqual(times);
  }
});

test("the bucket in which an answer is wrong is named", () => {
  const set = small.walks();
  const series = seriesOf(set);
  const { toUs } = set;
  const question = questionOf({ series: [1], fromUs: toUs - HOUR_US, toUs, bucketsMax: 60 });
  const [answer, expected] = [computeAnswer(series, question), computeAnswer(series, question)];
  checkAnswer("Weir", answer, expected);
  answer.count[7] = 1_000;
  expect(() => checkAnswer("Weir", answer, expected)).toThrow("Weir: count of bucket 7 of 60");
});
