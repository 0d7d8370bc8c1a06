import { expect, test } from "@jest/globals";
import { withDeadline } from "../measure.ts";

test("what comes in time is handed on, and so is its error", async () => {
  await expect(withDeadline(Promise.resolve(42), 10_000, "an answer")).resolves.toBe(42);
  await expect(
    withDeadline(Promise.reject(new Error("broken")), 10_000, "an answer"),
  ).rejects.toThrow("broken");
});

test("what does not come is named", async () => {
  const never = new Promise<never>(() => {});
  await expect(withDeadline(never, 10, "an answer")).rejects.toThrow(
    "an answer: not within 0.01 s",
  );
});
