import { describe, expect, test } from "@jest/globals";
import { createPatience } from "../src/receipts/patience.ts";

/** In how many of so many intervals receipts go out, when as many messages come in each. */
function goingOut(options: { messages: number; receipts: number; intervals: number }): number {
  const patience = createPatience();
  let count = 0;
  for (let interval = 0; interval < options.intervals; interval += 1) {
    patience.committed(options.messages);
    if (patience.isOver(options.receipts)) count += 1;
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
    const asked = Array.from({ length: 5 }, () => patience.isOver(1));
    expect(asked).toEqual([false, false, false, false, true]);
  });
});
