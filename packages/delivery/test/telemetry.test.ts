import { describe, expect, test } from "@jest/globals";
import { TelemetryLane } from "../src/classes.ts";
import { collect, createRecorder, settled } from "./fixture.ts";

const REPLACED = { kind: "dropped", reason: "replaced by a newer one" };

describe("telemetry", () => {
  test("keeps the latest reading of each topic while it cannot send", async () => {
    const { publish, publications } = createRecorder();
    using lane = new TelemetryLane(publish);
    const first = lane.send("reading", "a", { number: 1 });
    void lane.send("reading", "b", { number: 2 });
    void lane.send("reading", "a", { number: 3 });
    expect(await first).toEqual(REPLACED);
    expect(publications).toEqual([]);
    lane.connected();
    expect(publications.map(({ topic, payload }) => [topic, payload])).toEqual([
      ["a", '{"number":3}'],
      ["b", '{"number":2}'],
    ]);
  });

  test("of two kinds on one topic is kept of both", async () => {
    const { publish, publications } = createRecorder();
    using lane = new TelemetryLane(publish);
    void lane.send("fast", "a", { number: 1 });
    void lane.send("slow", "a", { number: 2 });
    lane.connected();
    expect(publications.map(({ payload }) => payload)).toEqual(['{"number":1}', '{"number":2}']);
  });

  test("is sent with QoS 0 at once, and never twice", async () => {
    const { publish, publications } = createRecorder();
    using lane = new TelemetryLane(publish);
    lane.connected();
    const outcome = lane.send("reading", "a", { number: 1 });
    publications[0]?.answer.reject(new Error("the broker closed the connection"));
    expect(await outcome).toEqual({ kind: "dropped", reason: "the broker closed the connection" });
    lane.disconnected();
    lane.connected();
    expect(publications).toMatchObject([{ options: { qos: 0 } }]);
  });

  test("of one topic has one reading under way, however slow the connection is", async () => {
    const { publish, publications } = createRecorder();
    using lane = new TelemetryLane(publish);
    lane.connected();
    const outcomes = [1, 2, 3].map((number) => lane.send("reading", "a", { number }));
    expect(publications).toHaveLength(1);
    publications[0]?.answer.resolve();
    await settled();
    publications[1]?.answer.resolve();
    expect(await Promise.all(outcomes)).toEqual([{ kind: "sent" }, REPLACED, { kind: "sent" }]);
  });

  test("of too many topics at once is dropped", async () => {
    using lane = new TelemetryLane(createRecorder().publish);
    const outcomes = collect(
      Array.from({ length: 1_001 }, (_, number) => lane.send("reading", `topic/${number}`, {})),
    );
    await settled();
    expect(outcomes).toEqual([{ kind: "dropped", reason: "readings of 1000 other topics wait" }]);
  });

  test("that waits at the stop is dropped, and so is what comes after", async () => {
    const lane = new TelemetryLane(createRecorder().publish);
    const waiting = lane.send("reading", "a", {});
    lane[Symbol.dispose]();
    expect([await waiting, await lane.send("reading", "a", {})]).toMatchObject([
      { kind: "dropped" },
      { kind: "dropped" },
    ]);
  });
});
