import { expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { createDelivery, type Outcome } from "@weir/delivery";
import { systemClock } from "@weir/runtime";
import { connectTestClient, createFakeClock, createTestContext, eventually } from "@weir/testkit";
import { Reporter } from "../../src/report/reporter.ts";
import { createTestSource, INTERVAL_MS, within } from "./fixture.ts";

const TOPIC = "devices/kitchen/state";

test("a quiet value is reported after an outage, although it is within its deadband", async () => {
  await using broker = await startBroker();
  await using client = await connectTestClient(broker.port, TOPIC);
  await using delivery = createDelivery({
    client: {
      broker: { url: `mqtt://127.0.0.1:${broker.port}`, username: null, password: null },
      clientId: "kitchen",
      session: { kind: "clean" },
      logger: createTestContext().logger,
    },
    kinds: { state: { class: "telemetry" } },
    clock: systemClock,
  });
  const clock = createFakeClock();
  const walk = createTestSource("walk");
  const outcomes: Outcome[] = [];
  await using reporter = new Reporter({
    sources: [walk, createTestSource("disk", { rule: within(1) })],
    intervalMs: INTERVAL_MS,
    rules: {},
    send: async (_, state) => {
      const outcome = await delivery.send("state", TOPIC, state);
      outcomes.push(outcome);
      return outcome;
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    clock,
  });
  const data = () => client.received.map(({ payload }) => JSON.parse(payload.toString()).data);

  // There is no connection yet: of these states only the last one is kept.
  reporter.start();
  for (const turn of [1, 2, 3]) {
    await eventually(() => outcomes.length === turn - 1);
    walk.says(turn);
    clock.advance(INTERVAL_MS);
  }
  await eventually(() => outcomes.length === 3);
  delivery.start();
  await eventually(() => outcomes.length === 4);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["dropped", "dropped", "dropped", "sent"]);
  await eventually(() => client.received.length === 1);
  expect(data()).toEqual([{ walk: 3, disk: 0 }]);

  clock.advance(INTERVAL_MS);
  await eventually(() => client.received.length === 2);
  expect(data()).toEqual([{ walk: 3, disk: 0 }, { walk: 3 }]);
});
