import { expect, test } from "@jest/globals";
import { reconcile, type StreamAccounts } from "../src/reconcile.ts";
import { createTally } from "../src/tally.ts";

/** The least of three: processor time, which other programs on the machine do not stretch. */
function leastCpuMs(publishers: number): number {
  const streams: StreamAccounts[] = [
    { stream: "data", hasStore: true, takes: () => true, lines: [], forgotten: null },
  ];
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    const tally = createTally();
    for (let at = 0; at < publishers; at += 1) {
      const entry = { epoch: "e", topic: `t${at}`, accepted: 1, oldestUnsent: 2, abandoned: [] };
      const announced = { at: 1, entries: [entry] };
      for (const line of reconcile(`publisher-${at}`, announced, streams)) tally.add(line);
    }
    expect(tally.result().doubts).toHaveLength(publishers);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

test("what an audit takes grows with its lines, not with their square", () => {
  leastCpuMs(2_000);
  // Eight times as many lines: eight times as long, or 64 times with the square.
  expect(leastCpuMs(16_000) / leastCpuMs(2_000)).toBeLessThan(24);
});
