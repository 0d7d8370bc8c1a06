import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { createFakeClock, temporaryFolder } from "@weir/testkit";
import { openOutbox } from "../src/index.ts";

test("who confirms again after a long absence is asked again within seconds", async () => {
  using folder = temporaryFolder();
  const clock = createFakeClock();
  const sent: string[] = [];
  await using outbox = openOutbox({
    file: folder.file("outbox.db"),
    publisher: "kitchen",
    onFault: (fault) => {
      throw fault;
    },
    clock,
  });
  outbox.connected({ publish: async (topic) => void (topic === "DATA" && sent.push(topic)) });
  const pass = async (seconds: number): Promise<number> => {
    const before = sent.length;
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1_000);
      // The PUBACK of a probe.
      await nextTurn();
    }
    return sent.length - before;
  };

  await outbox.accept("DATA", { number: 1 });
  await nextTurn();
  expect(await pass(600)).toBeLessThan(15);
  // Ever more rarely: now once a minute.
  expect(await pass(60)).toBe(1);
  await pass(20);
  outbox.receive({
    topic: outbox.subscription.filter,
    payload: Buffer.from(JSON.stringify({ at: 1, entries: [] })),
    qos: 1,
    retained: false,
  });
  expect(await pass(6)).toBe(1);
});
