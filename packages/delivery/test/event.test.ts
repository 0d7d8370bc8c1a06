import { describe, expect, test } from "@jest/globals";
import { createFakeClock } from "@weir/testkit";
import { EventLane, expiring, expirySeconds, isExpired } from "../src/classes.ts";
import { collect, createRecorder, settled } from "./fixture.ts";

const TTL_MS = 15_000;
const START_MS = Date.UTC(2026, 0, 1);

function setUp() {
  const clock = createFakeClock(START_MS);
  const recorder = createRecorder();
  const waits: number[] = [];
  const onWaiting = (forMs: number) => waits.push(forMs);
  const lane = new EventLane(recorder.publish, onWaiting, clock);
  return { clock, waits, lane, publications: recorder.publications };
}

describe("an event", () => {
  test("is delivered at its PUBACK", async () => {
    const { lane, publications, waits } = setUp();
    lane.connected();
    const outcomes = collect([lane.send("a", { pressed: true }, TTL_MS)]);
    await settled();
    expect(outcomes).toEqual([]);
    publications[0]?.answer.resolve();
    await settled();
    expect(outcomes).toEqual([{ kind: "delivered" }]);
    expect(waits).toEqual([]);
  });

  test("says in its payload until when it may be acted on", () => {
    const { lane, publications } = setUp();
    lane.connected();
    void lane.send("a", { pressed: true }, TTL_MS);
    expect(publications[0]).toMatchObject({
      payload: JSON.stringify({ pressed: true, expiresAt: START_MS / 1_000 + 15 }),
      options: { qos: 1, expirySeconds: 15 },
    });
  });

  test("that waits expires at its ttl, and no earlier or later", async () => {
    const { clock, lane, publications, waits } = setUp();
    const outcomes = collect([lane.send("a", {}, TTL_MS)]);
    clock.advance(TTL_MS - 1);
    await settled();
    expect(outcomes).toEqual([]);
    clock.advance(1);
    await settled();
    expect(outcomes).toEqual([
      { kind: "expired", reason: "there was no connection within 15000 ms" },
    ]);
    expect(waits).toEqual([TTL_MS]);

    // Nothing is left of it for the next connection.
    lane.connected();
    expect(publications).toEqual([]);
  });

  test("expires by the time that passes, not by the wall clock", async () => {
    const { clock, lane } = setUp();
    const outcomes = collect([lane.send("a", {}, TTL_MS)]);
    clock.jump(365 * 24 * 60 * 60 * 1_000);
    await settled();
    expect(outcomes).toEqual([]);
    clock.jump(-730 * 24 * 60 * 60 * 1_000);
    clock.advance(TTL_MS);
    await settled();
    expect(outcomes).toMatchObject([{ kind: "expired" }]);
  });

  test("that is sent on a later connection takes with it what remains of its ttl", () => {
    const { clock, lane, publications } = setUp();
    void lane.send("a", {}, TTL_MS);
    clock.advance(10_400);
    lane.connected();
    expect(publications[0]?.options.expirySeconds).toBe(5);
    expect(publications[0]?.payload).toBe(JSON.stringify({ expiresAt: START_MS / 1_000 + 15 }));
  });

  test("without an answer when the connection ends is sent again on the next one", async () => {
    const { clock, lane, publications, waits } = setUp();
    lane.connected();
    const outcomes = collect([lane.send("a", {}, TTL_MS)]);
    publications[0]?.answer.reject(new Error("no answer from the broker"));
    await settled();
    lane.disconnected();
    clock.advance(5_000);
    lane.connected();
    expect(publications.map(({ options }) => options.expirySeconds)).toEqual([15, 10]);
    expect(waits).toEqual([TTL_MS]);
    publications[1]?.answer.resolve();
    await settled();
    expect(outcomes).toEqual([{ kind: "delivered" }]);
  });

  test("without an answer at its ttl expires, and may have arrived", async () => {
    const { clock, lane, publications } = setUp();
    lane.connected();
    const outcomes = collect([lane.send("a", {}, TTL_MS)]);
    clock.advance(TTL_MS);
    publications[0]?.answer.resolve();
    await settled();
    expect(outcomes).toMatchObject([{ kind: "expired" }]);
    expect(JSON.stringify(outcomes)).toContain("whether it arrived is unknown");
  });

  test("that the broker refuses is refused at once", async () => {
    const { lane, publications } = setUp();
    lane.connected();
    const outcome = lane.send("a", {}, TTL_MS);
    const refusal = Object.assign(new Error("Publish error: Not authorized"), { code: 0x87 });
    publications[0]?.answer.reject(refusal);
    expect(await outcome).toEqual({ kind: "refused", reason: "Publish error: Not authorized" });
  });

  test("beyond the limit is dropped at once, and a later one is accepted again", async () => {
    const { clock, lane } = setUp();
    const outcomes = collect(Array.from({ length: 101 }, () => lane.send("a", {}, TTL_MS)));
    await settled();
    expect(outcomes).toEqual([{ kind: "dropped", reason: "100 events wait already" }]);
    clock.advance(TTL_MS);
    await settled();
    expect(outcomes).toHaveLength(101);
    const later = collect([lane.send("a", {}, TTL_MS)]);
    await settled();
    expect(later).toEqual([]);
  });

  test("that waits at the stop is dropped, and so is what comes after", async () => {
    const { lane } = setUp();
    const waiting = lane.send("a", {}, TTL_MS);
    lane[Symbol.dispose]();
    expect([await waiting, await lane.send("a", {}, TTL_MS)]).toMatchObject([
      { kind: "dropped" },
      { kind: "dropped" },
    ]);
  });
});

describe("the expiry of an event", () => {
  test("is over at its millisecond, and not before", () => {
    const payload = expiring({ pressed: true }, 15_250);
    expect(payload).toEqual({ pressed: true, expiresAt: 15.25 });
    expect([15_249, 15_250].map((nowMs) => isExpired(payload, nowMs))).toEqual([false, true]);
  });

  test("is never over for a payload that has none, or one that is no number", () => {
    const payloads = [{}, [], { expiresAt: "1" }, { expiresAt: null }];
    expect(payloads.some((payload) => isExpired(payload, Number.MAX_SAFE_INTEGER))).toBe(false);
  });

  test("is at least one second for the broker", () => {
    expect([1, 999, 1_000, 1_001, 15_000].map(expirySeconds)).toEqual([1, 1, 1, 2, 15]);
  });
});
