import { describe, expect, test } from "@jest/globals";
import { createFakeClock, createTestContext, temporaryFolder } from "@weir/testkit";
import { createDelivery, type KindSettings } from "../src/index.ts";

const context = createTestContext(createFakeClock());
const client = {
  broker: { url: "mqtt://127.0.0.1:1", username: null, password: null },
  clientId: "kitchen",
  session: { kind: "clean" },
  logger: context.logger,
} as const;
const { clock } = context;
const KINDS = { temperature: { class: "telemetry" } } as const;

describe("a delivery", () => {
  test("refuses kinds that cannot be", () => {
    const making = (alone: KindSettings) => () =>
      createDelivery({ client, kinds: { alone }, clock });
    expect(making({ class: "alarm" })).toThrow("the kind alone: alarms need an outbox");
    for (const ttlMs of [0, -1, 1.5, Number.NaN, 86_400_001]) {
      expect(making({ class: "event", ttlMs })).toThrow(`its ttlMs is ${ttlMs}`);
    }
  });

  test("refuses a message that no broker could take, and says why", async () => {
    await using delivery = createDelivery({ client, kinds: KINDS, clock });
    const loop: { self?: object } = {};
    loop.self = loop;
    const outcomes = await Promise.all([
      delivery.send("temperature", "a/#", {}),
      delivery.send("temperature", "a", { text: "x".repeat(262_144) }),
      delivery.send("temperature", "a", loop),
    ]);
    expect(outcomes).toEqual([
      { kind: "refused", reason: "a topic has no wildcards (+ and #): name one topic" },
      { kind: "refused", reason: "a payload has at most 261888 bytes, not 262155" },
      { kind: "refused", reason: "the payload cannot be written as JSON" },
    ]);
  });

  test("publishes past the classes as its client does: nothing waits", async () => {
    await using delivery = createDelivery({ client, kinds: KINDS, clock });
    const answer = delivery.publish("answers/7", "done", { qos: 1 });
    await expect(answer).rejects.toThrow("there is no connection to the broker");
  });

  test("does not know kinds that it was not given", async () => {
    await using delivery = createDelivery<string>({ client, kinds: KINDS, clock });
    await expect(delivery.send("toString", "a", {})).rejects.toThrow("there is no kind toString");
  });

  test("reports an alarm at its stop as kept, and the full outbox refuses the next", async () => {
    using folder = temporaryFolder();
    const outbox = {
      file: folder.file("outbox.db"),
      publisher: "kitchen",
      limits: { rowsMax: 1 },
      onFault: context.fail,
    };
    const kinds = { window: { class: "alarm" } } as const;
    const delivery = createDelivery({ client, kinds, outbox, clock });
    const first = delivery.send("window", "DATA", { number: 1 });
    expect(await delivery.send("window", "DATA", { number: 2 })).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("the outbox is full"),
    });
    await delivery[Symbol.asyncDispose]();
    expect(await first).toMatchObject({ kind: "kept" });
    expect(await delivery.send("window", "DATA", { number: 3 })).toMatchObject({ kind: "refused" });
    expect(context.faults).toEqual([]);
  });
});
