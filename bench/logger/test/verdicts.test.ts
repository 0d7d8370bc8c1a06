import { describe, expect, test } from "@jest/globals";
import { type Case, type Claim, evaluate, type Figures, ratio } from "../../comparison.ts";
import { growthOf, spreadOf } from "../../output.ts";
import { selfTimesMs } from "../profile.ts";
import { createLatency } from "../sender.ts";

const faster: Claim = {
  text: "faster",
  target: { atLeast: 1.3 },
  of: ratio("perSecond", { name: "ours" }, { name: "theirs" }),
};

function verdictOf(claim: Claim, figures: Record<string, Figures[]>) {
  const chosen: Case = { name: "", title: "", contenders: [], claims: [claim], secondsEach: 0 };
  const [verdict] = evaluate({
    case: chosen,
    figures: new Map(Object.entries(figures)),
    skipped: new Map(),
    failures: [],
  });
  return verdict;
}

describe("a claim", () => {
  const ours = [{ perSecond: 150 }, { perSecond: 100 }, { perSecond: 140 }];
  const theirs = [{ perSecond: 100 }, { perSecond: 100 }, { perSecond: 100 }];

  test("is evaluated by the median of the rounds' ratios", () => {
    expect(verdictOf(faster, { ours, theirs })).toMatchObject({
      spread: { median: 1.4, min: 1, max: 1.5 },
      isMet: true,
    });
  });

  test("is evaluated by the worst round where it asks for that", () => {
    expect(verdictOf({ ...faster, inEachRound: true }, { ours, theirs })?.isMet).toBe(false);
  });

  test("is neither met nor missed when a contender could not take part", () => {
    expect(verdictOf(faster, { ours })).toMatchObject({ spread: null, isMet: null });
  });
});

test("the median of an even number of values lies between the two in the middle", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  expect(spreadOf([])).toBeNull();
});

test("growth compares the end with the time after the start", () => {
  expect(growthOf([1, 2, 100, 100, 120, 130, 150, 150])).toBe(1.5);
});

test("each message of a write has the time from that write to its acknowledgement", () => {
  const latency = createLatency();
  latency.sent(99, 1_000);
  latency.sent(100, 1_010);
  latency.acknowledged(50, 1_020);
  latency.acknowledged(100, 1_050);
  const { p50, max, p99 } = latency.summary();
  expect(p50).toBeCloseTo(20_000, -2);
  expect(p99).toBeCloseTo(50_000, -2);
  expect(max).toBeCloseTo(50_000, -2);
});

test("self time is what was sampled in a function itself, once the program has started", () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 9 });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame("(idle)", "") },
      { id: 2, callFrame: frame("append", "file:///store/append.ts") },
    ],
    samples: [2, 1, 2, 2],
    timeDeltas: [4_000, 500, 1_000, 1_500],
  };
  expect([...selfTimesMs(profile, 4)]).toEqual([
    ["(idle)", 0.5],
    ["append append.ts:10", 2.5],
  ]);
});
