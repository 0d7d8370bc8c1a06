import { describe, expect, test } from "@jest/globals";
import { connack, createFakeClock, eventually, startStandIn } from "@weir/testkit";
import { startTrial } from "./fixture.ts";

const BUSY = 0x88;

describe("a client with a policy of its application", () => {
  test("tries again when the replaced gate opens, and not before", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(BUSY)) });
    const gates: PromiseWithResolvers<void>[] = [];
    const reconnect = () => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    };
    const clock = createFakeClock();
    await using _trial = startTrial(broker.url, { clock, reconnect });
    await eventually(() => gates.length === 1);
    clock.advance(24 * 60 * 60 * 1_000);
    expect(broker.peers).toHaveLength(1);
    gates[0]?.resolve();
    await eventually(() => gates.length === 2);
    expect(broker.peers).toHaveLength(2);
  });

  test("stops also while its gate is closed forever", async () => {
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(BUSY)) });
    let isWaiting = false;
    const reconnect = () => {
      isWaiting = true;
      return new Promise<void>(() => {});
    };
    await using trial = startTrial(broker.url, { reconnect });
    await eventually(() => isWaiting);
    await trial.client[Symbol.asyncDispose]();
    expect(broker.peers).toHaveLength(1);
  });
});
