import { expect, test } from "@jest/globals";
import { createFakeClock, temporaryFolder } from "@weir/testkit";
import { type Outcome, openOutbox } from "../src/index.ts";

test("a receipt that comes before the resending on a new connection tells its outcomes, too", async () => {
  using folder = temporaryFolder();
  const outcomes: Outcome[] = [];
  await using outbox = openOutbox({
    file: folder.file("outbox.db"),
    publisher: "kitchen",
    onOutcome: (outcome) => outcomes.push(outcome),
    onFault: (fault) => {
      throw fault;
    },
    clock: createFakeClock(),
  });
  outbox.connected({ publish: async () => {} });
  const acceptance = await outbox.accept("DATA", { number: 1 });
  if (acceptance.kind !== "accepted") throw new Error("it is accepted");
  const { epoch, topic } = acceptance;
  outbox.disconnected();

  const entries = [{ epoch, topic, through: 1, ranges: [] }];
  outbox.receive({
    topic: outbox.subscription.filter,
    payload: Buffer.from(JSON.stringify({ at: 1, entries })),
    qos: 1,
    retained: true,
  });
  expect(outcomes).toEqual([{ kind: "delivered", epoch, topic, seq: 1 }]);
  expect(outbox.size().rows).toBe(0);
});
