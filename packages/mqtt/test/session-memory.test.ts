import { describe, expect, test } from "@jest/globals";
import { createSessionMemory } from "../src/index.ts";
import { subscriptionDifference } from "../src/subscription-sync.ts";

const at = (filter: string, qos: 0 | 1 = 1) => ({ filter, qos });

describe("the subscriptions of a session", () => {
  test("stay as they are when they are the wanted ones", () => {
    expect(subscriptionDifference([at("a"), at("b")], [at("b"), at("a")])).toEqual({
      subscribe: [],
      unsubscribe: [],
    });
  });

  test("lose those that are not wanted any more, and gain the new ones", () => {
    expect(subscriptionDifference([at("a"), at("b")], [at("b"), at("c")])).toEqual({
      subscribe: [at("c")],
      unsubscribe: ["a"],
    });
  });

  test("are requested again at another quality of service", () => {
    expect(subscriptionDifference([at("a", 0)], [at("a", 1)])).toEqual({
      subscribe: [at("a", 1)],
      unsubscribe: [],
    });
  });

  test("are remembered", () => {
    const memory = createSessionMemory();
    expect(memory.load()).toEqual({ subscriptions: [], isAgreed: false });
    const record = { subscriptions: [at("a")], isAgreed: true };
    memory.save(record);
    expect(memory.load()).toEqual(record);
  });
});
