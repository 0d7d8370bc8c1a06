import { describe, expect, test } from "@jest/globals";
import { restartDelayMs } from "../src/keeper.ts";

describe("the pause before a restart", () => {
  test("doubles with each failure in a row, up to 30 s", () => {
    const delays: number[] = [];
    for (let failures = 0; delays.length < 7; ) {
      const restart = restartDelayMs(failures, 0);
      failures = restart.failures;
      delays.push(restart.delayMs);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("starts again from the shortest wait after a run of a minute", () => {
    expect(restartDelayMs(5, 60_000)).toEqual({ delayMs: 1_000, failures: 1 });
  });
});
