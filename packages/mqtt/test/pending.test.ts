import { describe, expect, test } from "@jest/globals";
import { createPending } from "../src/connection/publish.ts";

const GONE = new Error("gone");

describe("pending operations", () => {
  test("end with their answer", async () => {
    const pending = createPending(new Promise(() => {}));
    await pending.run((settle) => settle());
    await pending.run((settle) => settle(null));
    await expect(pending.run((settle) => settle(new Error("refused")))).rejects.toThrow("refused");
  });

  test("are rejected, all of them, when the connection ends", async () => {
    const closed = Promise.withResolvers<Error>();
    const pending = createPending(closed.promise);
    const waiting = [1, 2].map(() => pending.run(() => {}));
    closed.resolve(GONE);
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("are not begun once the connection has ended", async () => {
    const pending = createPending(Promise.resolve(GONE));
    await Promise.resolve();
    let isBegun = false;
    const late = pending.run(() => {
      isBegun = true;
    });
    await expect(late).rejects.toThrow("no answer from the broker: gone");
    expect(isBegun).toBe(false);
  });

  test("leave nothing at a connection that lives for days", async () => {
    const closed = new Promise<Error>(() => {});
    let reactions = 0;
    const counted = Object.assign(closed, {
      // biome-ignore lint/suspicious/noThenProperty: it counts who waits for the end.
      then: (...handlers: Parameters<typeof closed.then>) => {
        reactions += 1;
        return Promise.prototype.then.apply(closed, handlers);
      },
    });
    const pending = createPending(counted as Promise<Error>);
    for (let n = 0; n < 1_000; n += 1) await pending.run((settle) => settle());
    expect(reactions).toBe(1);
  });
});
