import { describe, expect, test } from "@jest/globals";
import { eventually } from "../src/index.ts";

/** A check that gives these answers in turn, the last one forever. */
function answering<T>(...answers: T[]): () => T {
  return () => (answers.length > 1 ? answers.shift() : answers[0]) as T;
}

describe("eventually", () => {
  test("returns what the check returns once that is something", async () => {
    const check = answering<string | boolean | null | undefined>(false, null, undefined, "there");
    expect(await eventually(check)).toBe("there");
  });

  test.each([[0], [""], [true]])("takes %j for an answer", async (answer) => {
    expect(await eventually(() => answer)).toBe(answer);
  });

  test("waits for a check that takes its time", async () => {
    expect(await eventually(async () => await Promise.resolve("there"))).toBe("there");
  });

  test("goes on after a check that throws", async () => {
    let calls = 0;
    const result = await eventually(() => {
      calls += 1;
      if (calls < 3) throw new Error("not yet");
      return calls;
    });
    expect(result).toBe(3);
  });

  test("throws the check's own error when the time is over", async () => {
    const check = (): never => {
      throw new Error("never");
    };
    await expect(eventually(check, 20)).rejects.toThrow("never");
  });

  test("names the check when the time is over", async () => {
    const isThere = false;
    await expect(eventually(() => isThere, 20)).rejects.toThrow("not within 20 ms: () => isThere");
  });
});
