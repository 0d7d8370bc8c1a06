import { describe, expect, test } from "@jest/globals";
import { connack, createFakeClock, eventually, startStandIn } from "@weir/testkit";
import { startTrial, TRANSPORTS } from "./fixture.ts";

/** The direct connection waits so long for CONNACK, on the same clock. */
const CONNECT_MS = 10_000;

/** A clock that stands still, and how long each wait of the client on it was to be. */
function recordingClock() {
  const clock = createFakeClock();
  const waitsMs: number[] = [];
  return {
    clock: {
      ...clock,
      schedule: (delayMs: number, task: () => void) => {
        if (delayMs !== CONNECT_MS) waitsMs.push(delayMs);
        return clock.schedule(delayMs, task);
      },
    },
    waitsMs,
    /** Waits until the client waits for the `count`-th time, and lets that time pass. */
    passWait: async (count: number) => {
      await eventually(() => waitsMs.length === count);
      clock.advance(waitsMs.at(-1) as number);
    },
  };
}

describe.each(TRANSPORTS)("a client by %s that lost its broker", (transport) => {
  test("reports each outage once, and the end of it once", async () => {
    let isRefusing = false;
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(isRefusing ? 0x88 : 0)),
    });
    await using trial = startTrial(broker.url, { transport, random: () => 0 });
    await eventually(() => trial.states.length === 1);

    isRefusing = true;
    broker.peers[0]?.socket.destroy();
    await eventually(() => broker.peers.length >= 4);
    isRefusing = false;
    await eventually(() => trial.states.length === 3);
    expect(trial.states).toEqual(["connected", "disconnected", "connected"]);
  });

  test("goes on after its user was refused, and says which settings to look at", async () => {
    let isRefusing = true;
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(isRefusing ? 0x87 : 0)),
    });
    await using trial = startTrial(broker.url, { transport, random: () => 0 });
    await eventually(() => broker.peers.length >= 3);
    isRefusing = false;
    await eventually(() => trial.states.includes("connected"));
    expect(trial.warnings).toEqual([
      `no connection to the broker at ${broker.url} (Connection refused: Not authorized); trying until there is one. It does not accept this user: check BROKER_USERNAME and BROKER_PASSWORD, and what the broker allows them.`,
    ]);
  });

  test("warns again when the reason has changed", async () => {
    let code = 0x88;
    await using broker = await startStandIn({ connect: (_, peer) => peer.send(connack(code)) });
    await using trial = startTrial(broker.url, { transport, random: () => 0 });
    await eventually(() => trial.warnings.length === 1);
    code = 0x87;
    await eventually(() => trial.warnings.length === 2);
    expect(trial.warnings[1]).toContain("Not authorized");
    expect(trial.states).toEqual(["disconnected"]);
  });

  test("ends a connection on which the broker sends garbage", async () => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, { transport, random: () => 0 });
    await eventually(() => trial.states.length === 1);
    broker.peers[0]?.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    await eventually(() => trial.states.length === 3);
    expect(trial.states).toEqual(["connected", "disconnected", "connected"]);
  });

  test("gives the first reason of an end, not what followed from it", async () => {
    await using broker = await startStandIn();
    await using trial = startTrial(broker.url, { transport });
    await eventually(() => trial.states.length === 1);
    const peer = broker.peers[0];
    peer?.send({ cmd: "disconnect", reasonCode: 0x8e });
    peer?.socket.resetAndDestroy();
    await eventually(() => trial.warnings.length === 1);
    expect(trial.warnings[0]).toContain("another client has the same client id");
  });

  test("waits longer each time, also when the broker takes it in and throws it out", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => {
        peer.send(connack(), { cmd: "disconnect", reasonCode: 0x89 });
      },
    });
    const { clock, waitsMs, passWait } = recordingClock();
    await using _trial = startTrial(broker.url, { transport, clock, random: () => 0.5 });
    for (const count of [1, 2, 3]) await passWait(count);
    await eventually(() => waitsMs.length === 4);
    expect(waitsMs).toEqual([100, 200, 400, 800]);
  });

  test("begins with a short wait again after a connection that held", async () => {
    const refusals = [0x88, 0x88, 0x88, 0];
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(refusals.shift() ?? 0)),
    });
    const { clock, waitsMs, passWait } = recordingClock();
    await using trial = startTrial(broker.url, { transport, clock, random: () => 0.5 });
    for (const count of [1, 2, 3]) await passWait(count);
    await eventually(() => trial.states.at(-1) === "connected");

    clock.advance(10_000);
    broker.peers.at(-1)?.socket.destroy();
    await eventually(() => waitsMs.length === 4);
    expect(waitsMs).toEqual([100, 200, 400, 100]);
  });
});
