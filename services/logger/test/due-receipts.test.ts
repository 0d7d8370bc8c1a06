import { describe, expect, test } from "@jest/globals";
import { DueReceipts } from "../src/receipts.ts";

const STEP_MS = 200;
const SPAN_MS = 4_000;

/** When a publisher's receipts go out in four seconds, if as many messages come every 200 ms. */
function timesOf(messages: number): number[] {
  const due = new DueReceipts();
  const times: number[] = [];
  for (let nowMs = 0; nowMs < SPAN_MS; nowMs += STEP_MS) {
    due.add("kitchen", messages, nowMs);
    const nextMs = due.nextMs();
    if (nextMs !== null && nextMs <= nowMs + STEP_MS && due.take(nextMs).length > 0) {
      times.push(nextMs);
    }
  }
  return times;
}

/** When a publisher's receipt goes out. */
function timeOf(publisher: string, due: DueReceipts): number {
  for (;;) {
    const nextMs = due.nextMs();
    if (nextMs === null) throw new Error(`${publisher} gets no receipt`);
    if (due.take(nextMs).includes(publisher)) return nextMs;
  }
}

describe("a receipt", () => {
  test("goes out 200 ms after what is rare, and after very many messages", () => {
    expect([timesOf(1).length, timesOf(1_000).length]).toEqual([20, 20]);
  });

  test("stands for the messages of a second where they keep coming", () => {
    expect(timesOf(60)).toEqual([1_000, 2_000, 3_000, 4_000]);
  });

  test("waits no longer than for five hundred messages", () => {
    expect(timesOf(250)).toHaveLength(10);
  });

  test("goes out within a second of the first message, when no other follows", () => {
    const due = new DueReceipts();
    due.add("kitchen", 100, 0);
    expect([timeOf("kitchen", due), due.nextMs()]).toEqual([1_000, null]);
  });

  test("does not wait for those of others", () => {
    const due = new DueReceipts();
    for (let other = 0; other < 100; other += 1) due.add(`busy-${other}`, 100, 0);
    due.add("kitchen", 1, 0);
    expect(due.take(STEP_MS)).toEqual(["kitchen"]);
  });

  test("is not overtaken where more are due than go out at once", () => {
    const due = new DueReceipts();
    for (let other = 0; other < 450; other += 1) due.add(`device-${other}`, 1, 0);
    due.add("kitchen", 1, 0);
    const times = [0, 1].map(() => {
      const nextMs = due.nextMs() ?? 0;
      const taken = due.take(nextMs);
      for (const publisher of taken) due.add(publisher, 1, nextMs);
      return [nextMs, taken.length];
    });
    expect(times).toEqual([
      [200, 200],
      [400, 200],
    ]);
    expect(timeOf("kitchen", due)).toBe(600);
  });
});
