import { expect, test } from "@jest/globals";
import { createAuditTable } from "../src/audit.ts";
import { createTally, reconcile, type StreamAccounts } from "../src/reconcile.ts";

/** The least of three: processor time, which other programs on the machine do not stretch. */
function leastCpuMs(topics: number): number {
  const streams: StreamAccounts[] = [
    { stream: "data", hasStore: true, takes: () => true, lines: [], forgotten: null },
  ];
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    const table = createAuditTable(Number.POSITIVE_INFINITY);
    const tally = createTally();
    for (let at = 0; at < topics; at += 1) {
      const entry = { epoch: "e", topic: `t${at}`, accepted: 1, oldestUnsent: 2, abandoned: [] };
      for (const line of reconcile(`publisher-${at}`, { at: 1, entries: [entry] }, streams)) {
        tally.add(line);
        table.add(line);
      }
    }
    const text = table.render({ ...tally.result(), unsequenced: 0, ignored: 0, hints: [] });
    expect(text.split("\n").length).toBeGreaterThan(topics);
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
