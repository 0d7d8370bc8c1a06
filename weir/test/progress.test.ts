import { describe, expect, test } from "@jest/globals";
import { START_US } from "@weir/testkit";
import { renderProgress } from "../src/recording.ts";

const HOUR_US = 3_600_000_000;

describe("the progress of a command", () => {
  test("is counted in messages, share of the time, and speed", () => {
    const span = { fromUs: START_US, toUs: START_US + 4 * HOUR_US };
    const state = { ...span, messages: 12_000, reachedUs: START_US + HOUR_US, elapsedMs: 2_000 };
    expect(renderProgress(state, "UTC")).toBe(
      "25 %, 12,000 messages, 6,000/s, at 2026-01-01T01:00:00Z",
    );
  });

  test("shows the time reached in the time zone of the command", () => {
    const span = { fromUs: START_US, toUs: START_US + 4 * HOUR_US };
    const state = { ...span, messages: 1, reachedUs: START_US + HOUR_US, elapsedMs: 1_000 };
    expect(renderProgress(state, "Europe/Berlin")).toContain("at 2026-01-01T02:00:00+01:00");
  });

  test("does not know its share before the first message, nor its speed at once", () => {
    const state = { messages: 0, reachedUs: null, fromUs: null, toUs: START_US, elapsedMs: 0 };
    expect(renderProgress(state, "UTC")).toBe("0 messages, 0/s");
  });
});
