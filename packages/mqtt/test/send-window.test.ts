import { describe, expect, test } from "@jest/globals";
import { createSendWindow } from "../src/connection/publish.ts";

describe("the send window", () => {
  test("lets in as many as it holds, and the others in order as answers come", () => {
    const window = createSendWindow(2);
    const sent: number[] = [];
    const leaves: (() => void)[] = [];
    for (const number of [1, 2, 3, 4]) {
      window.enter((leave) => {
        sent.push(number);
        leaves.push(leave);
      });
    }
    expect(sent).toEqual([1, 2]);
    leaves[1]?.();
    expect(sent).toEqual([1, 2, 3]);
    leaves[0]?.();
    expect(sent).toEqual([1, 2, 3, 4]);
  });

  test("copes with any number that are answered within the call", () => {
    const window = createSendWindow(1);
    let answered = 0;
    let leaveFirst = (): void => {};
    window.enter((leave) => {
      leaveFirst = leave;
    });
    for (let n = 0; n < 100_000; n += 1) {
      window.enter((leave) => {
        answered += 1;
        leave();
      });
    }
    leaveFirst();
    expect(answered).toBe(100_000);
  });
});
