import { describe, expect, test } from "@jest/globals";
import { connack, eventually, type Peer, startStandIn } from "@weir/testkit";
import { createSessionMemory } from "../src/index.ts";
import { startTrial, TRANSPORTS } from "./fixture.ts";

const PERSISTENT = { session: { kind: "persistent", expirySeconds: 3_600 } } as const;
const A = { filter: "a", qos: 1 } as const;
const B = { filter: "b", qos: 1 } as const;

/** SUBSCRIBE and UNSUBSCRIBE of a client, in order. */
function asked(peer: Peer | undefined): string[] {
  return (peer?.received ?? []).flatMap((packet) => {
    if (packet.cmd === "subscribe") {
      const identifier = packet.properties?.subscriptionIdentifier;
      const filters = packet.subscriptions.map(({ topic }) => topic).join();
      return [identifier === undefined ? `+${filters}` : `+${filters} (${identifier})`];
    }
    return packet.cmd === "unsubscribe" ? [`-${packet.unsubscriptions.join()}`] : [];
  });
}

const UNSUBACK = {
  unsubscribe: (
    { messageId = 0, unsubscriptions }: { messageId?: number; unsubscriptions: string[] },
    peer: Peer,
  ) => peer.send({ cmd: "unsuback", messageId, granted: unsubscriptions.map(() => 0) }),
};

describe.each(TRANSPORTS)("subscriptions by %s", (transport) => {
  test("change in the live session: the new ones come before the old ones go", async () => {
    await using broker = await startStandIn(UNSUBACK);
    const sessionMemory = createSessionMemory();
    await using trial = startTrial(broker.url, {
      ...PERSISTENT,
      transport,
      sessionMemory,
      subscriptions: [A],
    });
    await eventually(() => trial.states.length === 1);
    await trial.client.setSubscriptions([B]);
    expect(asked(broker.peers[0])).toEqual(["+a", "+b", "-a"]);
    expect(sessionMemory.load()).toEqual({ subscriptions: [B], isAgreed: true });
  });

  test("change only in what is different, also in an identifier", async () => {
    await using broker = await startStandIn(UNSUBACK);
    await using trial = startTrial(broker.url, {
      ...PERSISTENT,
      transport,
      subscriptions: [
        { ...A, identifier: 1 },
        { ...B, identifier: 2 },
      ],
    });
    await eventually(() => trial.states.length === 1);
    await trial.client.setSubscriptions([
      { ...A, identifier: 1 },
      { ...B, identifier: 3 },
    ]);
    expect(asked(broker.peers[0])).toEqual(["+a (1)", "+b (2)", "+b (3)"]);
  });

  test("that changed while the client was away hold for its next connection", async () => {
    let isAway = true;
    await using broker = await startStandIn({
      ...UNSUBACK,
      connect: (_, peer) => peer.send(connack(isAway ? 0x88 : 0)),
    });
    await using trial = startTrial(broker.url, {
      ...PERSISTENT,
      transport,
      subscriptions: [A],
      random: () => 0,
    });
    await eventually(() => trial.states.includes("disconnected"));
    await trial.client.setSubscriptions([B]);
    isAway = false;
    await eventually(() => trial.states.at(-1) === "connected");
    expect(asked(broker.peers.at(-1))).toEqual(["+b"]);
  });

  test("depend on the version that the broker speaks", async () => {
    await using broker = await startStandIn({
      connect: ({ protocolVersion }, peer) => peer.send(connack(protocolVersion === 5 ? 1 : 0)),
    });
    await using trial = startTrial(broker.url, {
      transport,
      subscriptions: ({ protocolVersion }) => (protocolVersion === 5 ? [A] : [B]),
    });
    await eventually(() => trial.states.length === 1);
    expect(asked(broker.peers.at(-1))).toEqual(["+b"]);
  });

  test("that the broker refuses reject the change, and the client goes on", async () => {
    await using broker = await startStandIn({
      subscribe: ({ messageId = 0, subscriptions }, peer) =>
        peer.send({
          cmd: "suback",
          messageId,
          granted: subscriptions.map(({ topic }) => (topic === "b" ? 0x87 : 1)),
        }),
    });
    await using trial = startTrial(broker.url, { transport, subscriptions: [A] });
    await eventually(() => trial.states.length === 1);
    await expect(trial.client.setSubscriptions([A, B])).rejects.toThrow("cannot subscribe to b");
    expect(trial.states).toEqual(["connected"]);
  });

  test("change one after the other, and end with the last", async () => {
    await using broker = await startStandIn(UNSUBACK);
    const sessionMemory = createSessionMemory();
    await using trial = startTrial(broker.url, {
      ...PERSISTENT,
      transport,
      sessionMemory,
      subscriptions: [A],
    });
    // The first one overtakes the opening of the connection.
    await Promise.all([trial.client.setSubscriptions([A, B]), trial.client.setSubscriptions([B])]);
    await eventually(() => trial.states.length === 1);
    expect(sessionMemory.load()).toEqual({ subscriptions: [B], isAgreed: true });
  });
});
