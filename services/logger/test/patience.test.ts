import { describe, expect, test } from "@jest/globals";
import { createPatience } from "../src/receipts/patience.ts";

/** So many publishers that are due, each for as many messages. */
function dueOf(publishers: number, messages = 1): Map<string, number> {
  return new Map(Array.from({ length: publishers }, (_, index) => [`p${index}`, messages]));
}

/** In how many of so many intervals receipts go out, when as many messages come in each. */
function goingOut(options: { messages: number; receipts: number; intervals: number }): number {
  const patience = createPatience();
  let count = 0;
  for (let interval = 0; interval < options.intervals; interval += 1) {
    patience.committed(options.messages);
    if (patience.goingOut(dueOf(options.receipts)).length > 0) count += 1;
  }
  return count;
}

describe("a receipt", () => {
  test.each([
    ["goes out at once for what is rare", { messages: 1, receipts: 1 }, 20],
    ["goes out at once for very many messages", { messages: 1_000, receipts: 1 }, 20],
    ["stands for those of a second where they keep coming", { messages: 60, receipts: 1 }, 4],
    ["waits no longer than for five hundred messages", { messages: 250, receipts: 1 }, 10],
    [
      "goes out at once where many publishers send a few each",
      { messages: 200, receipts: 200 },
      20,
    ],
    ["is not asked for where nobody has an outbox", { messages: 100, receipts: 0 }, 0],
  ])("%s", (_, each, count) => {
    expect(goingOut({ ...each, intervals: 20 })).toBe(count);
  });

  test("goes out within a second of the last message", () => {
    const patience = createPatience();
    patience.committed(100);
    const asked = Array.from({ length: 5 }, () => patience.goingOut(dueOf(1)).length);
    expect(asked).toEqual([0, 0, 0, 0, 1]);
  });

  test("does not wait because of what came when none was due", () => {
    const patience = createPatience();
    patience.committed(100);
    expect(patience.goingOut(dueOf(0)).length).toBe(0);
    patience.committed(1);
    expect(patience.goingOut(dueOf(1)).length).toBe(1);
  });

  test("of one of very many publishers is not put off again while the others' go out", () => {
    const patience = createPatience();
    const due = 500;
    // In each interval all of them send as many as are worth waiting for.
    const sent = Array.from({ length: 10 }, () => {
      patience.committed(30 * due);
      return patience.goingOut(dueOf(due)).length;
    });
    expect(sent).toEqual([0, 0, 0, 0, 200, 200, 100, 0, 0, 200]);
  });

  test("is one of those that are due, however few are left of them", () => {
    const patience = createPatience();
    expect(patience.goingOut(dueOf(1_000)).length).toBe(200);
    expect(patience.goingOut(dueOf(50)).length).toBe(50);
    expect(patience.goingOut(dueOf(0)).length).toBe(0);
    expect(patience.goingOut(dueOf(3)).length).toBe(3);
  });

  test("does not wait for others where an outbox may be waiting for it to send on", () => {
    const patience = createPatience();
    const others = dueOf(50, 30);
    const due = new Map([...others, ["backlog", 1_000]]);
    patience.committed(50 * 30 + 1_000);
    expect(patience.goingOut(due)).toEqual(["backlog"]);
    // The others go out when their second is over.
    const counts = Array.from({ length: 4 }, () => patience.goingOut(others).length);
    expect(counts).toEqual([0, 0, 0, 50]);
  });
});
