import { expect, test } from "@jest/globals";
import type { AuditLine } from "@weir/audit";
import { createAuditTable } from "../src/audit.ts";

/** The least of three: processor time, which other programs on the machine do not stretch. */
function leastCpuMs(topics: number): number {
  const doubt = { kind: "unjudged", reason: "no stream takes this topic" } as const;
  const line: AuditLine = {
    stream: "data",
    publisher: "kitchen",
    epoch: "e",
    topic: "t",
    accepted: 1,
    received: 0,
    duplicates: 0,
    filtered: 0,
    abandoned: 0,
    waiting: 0,
    missing: [],
    doubt,
    lastReceivedUs: null,
  };
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    const table = createAuditTable(Number.POSITIVE_INFINITY);
    for (let at = 0; at < topics; at += 1) table.add({ ...line, publisher: `publisher-${at}` });
    const doubts = Array.from({ length: topics }, (_, at) => ({
      ...doubt,
      publisher: `publisher-${at}`,
      topics: 1,
    }));
    const notes = { judged: 0, missing: 0, doubts, unsequenced: 0, ignored: 0, hints: [] };
    expect(table.render(notes).split("\n").length).toBeGreaterThan(2 * topics);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

test("what the table of an audit takes grows with its lines, not with their square", () => {
  leastCpuMs(2_000);
  // Eight times as many lines: eight times as long, or 64 times with the square.
  expect(leastCpuMs(16_000) / leastCpuMs(2_000)).toBeLessThan(24);
});
