import { describe, expect, test } from "@jest/globals";
import { DueReceipts } from "../src/receipts.ts";

/** In which of twenty intervals a publisher's receipt goes out, when as many messages come in each. */
function intervalsOf(messages: number): number[] {
  const due = new DueReceipts();
  return Array.from({ length: 20 }, (_, interval) => interval + 1).filter(() => {
    due.add("kitchen", messages);
    return due.take().length > 0;
  });
}

/** How many intervals pass until a publisher's receipt goes out. */
function intervalsUntil(publisher: string, due: DueReceipts): number {
  for (let intervals = 1; intervals <= 100; intervals += 1) {
    if (due.take().includes(publisher)) return intervals;
  }
  throw new Error(`${publisher} gets no receipt`);
}

describe("a receipt", () => {
  test("goes out at once for what is rare, and for very many messages", () => {
    expect([intervalsOf(1).length, intervalsOf(1_000).length]).toEqual([20, 20]);
  });

  test("stands for the messages of a second where they keep coming", () => {
    expect(intervalsOf(60)).toEqual([5, 10, 15, 20]);
  });

  test("waits no longer than for five hundred messages", () => {
    expect(intervalsOf(250)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  });

  test("goes out within a second of the first message, when no other follows", () => {
    const due = new DueReceipts();
    due.add("kitchen", 100);
    expect(intervalsUntil("kitchen", due)).toBe(5);
    expect(due.take()).toEqual([]);
  });

  test("does not wait for those of others", () => {
    const due = new DueReceipts();
    for (let other = 0; other < 100; other += 1) due.add(`busy-${other}`, 100);
    due.add("kitchen", 1);
    expect(due.take()).toEqual(["kitchen"]);
  });

  test("is not overtaken where more are due than go out at once", () => {
    const due = new DueReceipts();
    for (let other = 0; other < 450; other += 1) due.add(`device-${other}`, 1);
    due.add("kitchen", 1);
    const others = Array.from({ length: 2 }, () => {
      const taken = due.take();
      for (const publisher of taken) due.add(publisher, 1);
      return taken.length;
    });
    expect(others).toEqual([200, 200]);
    expect(intervalsUntil("kitchen", due)).toBe(1);
  });
});
