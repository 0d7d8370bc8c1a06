import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { SharedAnswers } from "../../src/sources/shared-answers.ts";

const staying = new AbortController().signal;

/** Answers that a test gives. */
function subject() {
  const clock = createFakeClock();
  const shared = new SharedAnswers(clock);
  const asked: { signal: AbortSignal; answer: PromiseWithResolvers<string> }[] = [];
  const ask = (question: string, signal: AbortSignal = staying) =>
    shared.ask(question, signal, (ending) => {
      const answer = Promise.withResolvers<string>();
      asked.push({ signal: ending, answer });
      return answer.promise;
    });
  return { clock, asked, ask };
}

describe("shared answers", () => {
  test("are found once for all who ask the same, and kept for a second", async () => {
    const { clock, asked, ask } = subject();
    const both = Promise.all([ask("a"), ask("a")]);
    asked[0]?.answer.resolve("1");
    expect(await both).toEqual(["1", "1"]);
    expect(await ask("a")).toBe("1");
    clock.advance(1_000);
    const later = ask("a");
    asked[1]?.answer.resolve("2");
    expect(await later).toBe("2");
    expect(asked).toHaveLength(2);
  });

  test("are given up when the last one has left, and not before", async () => {
    const { asked, ask } = subject();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = ask("a", one.signal);
    const second = ask("a", other.signal);
    one.abort(new Error("one left"));
    await expect(first).rejects.toThrow("one left");
    expect(asked[0]?.signal.aborted).toBe(false);
    other.abort(new Error("other left"));
    await expect(second).rejects.toThrow("other left");
    expect(asked[0]?.signal.aborted).toBe(true);
    const again = ask("a");
    asked[1]?.answer.resolve("new");
    expect(await again).toBe("new");
  });

  test("that failed, or are large, are not kept", async () => {
    const { asked, ask } = subject();
    const failing = ask("a");
    asked[0]?.answer.reject(new Error("no"));
    await expect(failing).rejects.toThrow("no");
    const large = ask("a");
    asked[1]?.answer.resolve("x".repeat(300_000));
    expect(await large).toHaveLength(300_000);
    await turn();
    const third = ask("a");
    asked[2]?.answer.resolve("3");
    expect(await third).toBe("3");
  });
});
