import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { startKeepalive } from "../../src/connection/direct.ts";

const SECONDS = 20;

/** A connection whose traffic the test decides. */
function start(seconds = SECONDS) {
  const clock = createFakeClock();
  const socket = { bytesRead: 0, bytesWritten: 0 };
  const events: string[] = [];
  const keepalive = startKeepalive({
    seconds,
    socket,
    clock,
    ping: () => events.push("ping"),
    onLost: () => events.push("lost"),
  });
  return {
    events,
    keepalive,
    pass: (byMs: number, traffic: { sent?: number; received?: number } = {}) => {
      socket.bytesWritten += traffic.sent ?? 0;
      socket.bytesRead += traffic.received ?? 0;
      clock.advance(byMs);
    },
  };
}

describe("the keepalive of a direct connection", () => {
  test("says nothing while there is traffic both ways", () => {
    const { events, pass } = start();
    for (let n = 0; n < 10; n += 1) pass(10_000, { sent: 4, received: 20 });
    expect(events).toEqual([]);
  });

  test("pings a broker that only sends, because it wants to hear something", () => {
    const { events, pass } = start();
    pass(10_000, { sent: 4, received: 20 });
    pass(10_000, { received: 20 });
    expect(events).toEqual(["ping"]);
  });

  test("gives up a broker that does not answer pings, 30 seconds after its last byte", () => {
    const { events, pass } = start();
    pass(10_000, { sent: 4, received: 20 });
    pass(10_000);
    pass(10_000);
    expect(events).toEqual(["ping", "ping"]);
    pass(10_000);
    expect(events).toEqual(["ping", "ping", "lost"]);
  });

  test("takes a late answer for an answer", () => {
    const { events, pass } = start();
    pass(10_000, { sent: 4, received: 20 });
    pass(20_000);
    pass(10_000, { received: 2 });
    expect(events).not.toContain("lost");
  });

  test("is off where the broker asks for none, and when it has ended", () => {
    const off = start(0);
    off.pass(100_000);
    const ended = start();
    ended.keepalive[Symbol.dispose]();
    ended.pass(100_000);
    expect([off.events, ended.events]).toEqual([[], []]);
  });
});
