import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { MINUTE_MS, START_MS, StoredPast } from "./stored-past.ts";

const FOREVER = { historyMs: Number.POSITIVE_INFINITY };
const FREEZER = "zigbee2mqtt/freezer";
const warmAbove = (above: number, forText: string): string => `
flows:
  freezer:
    nodes:
      warm: { type: threshold, series: "${FREEZER}#temperature", above: ${above}, for: ${forText} }
      show: { type: debug }
    wires: [warm.yes -> show]
`;

/** A freezer that is warm for some minutes, again and again: a reading each minute. */
const door = (openMinutes: readonly number[]) =>
  openMinutes.flatMap((minutes, hour) =>
    Array.from({ length: 60 }, (_, minute) => ({
      topic: FREEZER,
      payload: { temperature: minute < minutes ? -10 : -18 },
      afterMs: (hour * 60 + minute) * MINUTE_MS,
    })),
  );
const afterMinutes = (minutes: number): number => START_MS + minutes * MINUTE_MS;

describe("a trial", () => {
  test("says when a workflow would have fired, beside the version that is saved", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store(door([5, 20, 1, 30]));
    await past.keep();
    const trial = await past.try(warmAbove(-15, "10m"), { saved: warmAbove(-15, "0s") });
    expect(trial).toMatchObject({ events: 240, source: "points", notes: [] });
    expect(trial.asked.counts).toEqual({ debug: 2 });
    expect(trial.saved?.counts).toEqual({ debug: 4 });
    expect(trial.asked.fired).toMatchObject([
      { atMs: afterMinutes(70), node: "show", kind: "debug", about: `home:${FREEZER}#temperature` },
      { atMs: afterMinutes(190) },
    ]);
  });

  test("finds the same in points, in rows, and in points with rows behind them", async () => {
    const messages = door([5, 20, 1, 30, 11]);
    const results = [];
    for (const kept of [0, 130, 300]) {
      using folder = temporaryFolder();
      using past = new StoredPast(folder, FOREVER);
      past.store(messages.slice(0, kept));
      await past.keep();
      past.store(messages.slice(kept));
      const { source, events, asked } = await past.try(warmAbove(-15, "10m"));
      results.push({ source, events, fired: asked.fired.map(({ atMs }) => atMs) });
    }
    const fired = [70, 190, 250].map(afterMinutes);
    expect(results).toEqual([
      { source: "rows", events: 300, fired },
      { source: "both", events: 300, fired },
      { source: "points", events: 300, fired },
    ]);
  });

  test("ends a wait of which the last reading is within the time, and none behind it", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store(door([60]).slice(0, 3));
    await past.keep();
    const flow = warmAbove(-15, "10m");
    expect((await past.try(flow, { toMs: 10 * MINUTE_MS - 1 })).asked.fired).toEqual([]);
    expect((await past.try(flow, { toMs: 10 * MINUTE_MS })).asked.fired).toMatchObject([
      { atMs: afterMinutes(10) },
    ]);
  });

  test("puts the readings of several series in the order of time", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    const topics = ["home/a", "home/b", "home/c"];
    past.store(
      Array.from({ length: 90 }, (_, index) => ({
        topic: topics[index % 3] ?? "",
        payload: { temperature: index },
        afterMs: index * 1_000,
      })),
    );
    await past.keep();
    const { asked } = await past.try(
      'flows: { all: { nodes: { each: { type: series, series: "home/+#temperature" }, show: { type: debug } }, wires: [each -> show] } }',
    );
    expect(asked.runs).toBe(90);
    expect(asked.fired.map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 90 }, (_, index) => START_MS + index * 1_000),
    );
  });

  test("hears what devices say of their connections, and messages, in the order of arrival", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    const topic = "devices/attic/availability";
    past.store(
      ["online", "online", "offline", "hello", "online"].map((payload, minute) => ({
        topic: payload === "hello" ? "door" : topic,
        payload,
        afterMs: minute * MINUTE_MS,
      })),
    );
    past.rotate(5 * MINUTE_MS);
    const { asked } = await past.try(`
flows:
  both:
    nodes:
      device: { type: device }
      door: { type: topic, topic: door }
      show: { type: debug }
    wires: [device.connected -> show, device.disconnected -> show, door -> show]
`);
    expect(asked.fired.map(({ atMs, about }) => [(atMs - START_MS) / MINUTE_MS, about])).toEqual([
      [0, "home:devices/attic"],
      [2, "home:devices/attic"],
      [3, "home:door"],
      [4, "home:devices/attic"],
    ]);
  });

  test("counts an action as done, also a press of another workflow's button", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store([{ topic: "a", payload: { x: 1 }, afterMs: 0 }]);
    await past.keep();
    const { asked } = await past.try(`
flows:
  both:
    nodes:
      each: { type: series, series: "a#x" }
      press: { type: press, flow: other, button: now }
      tell: { type: publish, topic: told, text: "{{value}}" }
      failed: { type: publish, topic: failed, text: "{{press.problem}}" }
    wires: [each -> press, press.done -> tell, press.error -> failed]
`);
    expect(asked.fired.map(({ kind }) => kind).sort()).toEqual(["press", "publish"]);
    expect(asked.fired.find(({ kind }) => kind === "publish")?.what).toContain("told");
  });

  test("keeps the counts of what there is no place for", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store(
      Array.from({ length: 12_000 }, (_, index) => ({
        topic: "a",
        payload: { x: index },
        afterMs: index * 1_000,
      })),
    );
    await past.keep();
    const { asked, notes } = await past.try(
      'flows: { all: { nodes: { each: { type: series, series: "a#x" }, show: { type: debug } }, wires: [each -> show] } }',
    );
    expect(asked.counts).toEqual({ debug: 12_000 });
    expect(asked.fired).toHaveLength(10_000);
    expect(notes).toContain("only the first 10000 of 12000 actions are listed");
  });

  test("ends with what it has found when its time is over", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store(door(Array.from({ length: 10 }, () => 20)));
    await past.keep();
    const { events, notes } = await past.try(warmAbove(-15, "10m"), { tookMsMax: 0 });
    expect(events).toBe(256);
    expect(notes).toEqual([expect.stringMatching(/^tried up to 2026-11-01T04:15:00.000Z: /)]);
  });

  test("ends when nobody wants it any more", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, FOREVER);
    past.store(door([20]));
    await past.keep();
    const signal = AbortSignal.abort(new Error("the client has gone"));
    await expect(past.try(warmAbove(-15, "10m"), { signal })).rejects.toThrow("has gone");
  });

  test("says what it cannot try", async () => {
    using folder = temporaryFolder();
    using past = new StoredPast(folder, { historyMs: null });
    past.store(door([20]).map((one) => ({ ...one, afterMs: one.afterMs + 60 * MINUTE_MS })));
    await past.keep();
    const rows = await past.try(warmAbove(-15, "10m"));
    expect(rows.notes).toEqual([
      "what the stream home holds begins at 2026-11-01T01:00:00.000Z: what was before is not tried",
    ]);
    const other = await past.try(warmAbove(-15, "10m").replace("#temperature", "#temprature"));
    expect(other.notes).toContain(
      `no stored series is ${FREEZER}#temprature; did you mean temperature?`,
    );
    const whole = await past.try(warmAbove(-15, "10m").replace("#temperature", ""));
    expect(whole.notes).toEqual([
      `no stored series is ${FREEZER}; there are ${FREEZER}#temperature`,
    ]);
  });
});
