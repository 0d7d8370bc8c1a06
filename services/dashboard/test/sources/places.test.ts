import { describe, expect, test } from "@jest/globals";
import { RequestFault } from "@weir/runtime";
import { Places } from "../../src/sources/places.ts";

const staying = new AbortController().signal;

describe("places", () => {
  test("let a few in at once, the others in their order, and turn away what is too much", async () => {
    const places = new Places({ atOnce: 1, waitingMax: 2, what: "questions" });
    const entered: string[] = [];
    const first = await places.take(staying);
    const waiting = ["b", "c"].map(async (name) => {
      const place = await places.take(staying);
      entered.push(name);
      return place;
    });
    const refused = await places.take(staying).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RequestFault);
    expect(refused).toMatchObject({
      status: 503,
      problems: [{ problem: "too many questions wait already" }],
    });

    first[Symbol.dispose]();
    (await waiting[0])?.[Symbol.dispose]();
    (await waiting[1])?.[Symbol.dispose]();
    expect(entered).toEqual(["b", "c"]);
    using _again = await places.take(staying);
  });

  test("do not go to who has left while waiting", async () => {
    const places = new Places({ atOnce: 1, waitingMax: 2, what: "questions" });
    const first = await places.take(staying);
    const leaving = new AbortController();
    const left = places.take(leaving.signal);
    const next = places.take(staying);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    first[Symbol.dispose]();
    using _place = await next;
  });
});
