import { expect, test } from "@jest/globals";
import { createFakeClock, eventually, lockByAnother, temporaryFolder } from "@weir/testkit";
import { type Outcome, openOutbox } from "../src/index.ts";

test("an outbox that another program has locked takes and confirms nothing until it is free, and loses nothing", async () => {
  using folder = temporaryFolder();
  const clock = createFakeClock();
  const outcomes: Outcome[] = [];
  const locked: boolean[] = [];
  const sent: string[] = [];
  await using outbox = openOutbox({
    file: folder.file("outbox.db"),
    publisher: "kitchen",
    onOutcome: (outcome) => outcomes.push(outcome),
    onLocked: (isLocked) => locked.push(isLocked),
    onFault: (fault) => {
      throw fault;
    },
    clock,
  });
  outbox.connected({
    publish: async (topic, payload) => {
      if (topic === "DATA") sent.push(String(payload));
    },
  });
  const first = await outbox.accept("DATA", { number: 1 });
  if (first.kind !== "accepted") throw new Error("it is accepted");
  await eventually(() => sent.length === 1);

  const accepted: string[] = [];
  {
    await using _lock = await lockByAnother(folder.file("outbox.db"));
    void outbox.accept("DATA", { number: 2 }).then(({ kind }) => accepted.push(kind));
    await eventually(() => locked.length === 1);
    const entries = [{ epoch: first.epoch, topic: "DATA", through: 1, ranges: [] }];
    outbox.receive({
      topic: outbox.subscription.filter,
      payload: Buffer.from(JSON.stringify({ at: 1, entries })),
      qos: 1,
      retained: true,
    });
    clock.advance(5_000);
    expect([accepted, outcomes, locked]).toEqual([[], [], [true]]);
  }
  await eventually(() => {
    clock.advance(100);
    return accepted.length === 1 && outcomes.length === 1 && sent.length === 2;
  });
  expect(locked).toEqual([true, false]);
  expect(outcomes[0]).toMatchObject({ kind: "delivered", seq: 1 });
  expect(outbox.size().rows).toBe(1);
});
