import { describe, expect, test } from "@jest/globals";
import { MINUTE_MS, START_MS, Workbench } from "../workbench.ts";

const FLOW = `
flows:
  silent:
    nodes:
      silence: { type: inactive, topic: "devices/+/state", for: 10m }
      show: { type: debug }
    wires: [silence.inactive -> show, silence.active -> show]
`;
const message = (bench: Workbench, device: string, minute: number) =>
  bench.message(`devices/${device}/state`, {}, minute * MINUTE_MS);
const fired = (bench: Workbench) =>
  bench
    .changes()
    .runs.map(({ startedMs, data, steps }) => [
      (startedMs - START_MS) / MINUTE_MS,
      data?.topic,
      ...(steps[0]?.outputs ?? []),
    ]);

describe("inactive", () => {
  test("fires once, at its time after the last message", () => {
    const bench = new Workbench(FLOW);
    message(bench, "kitchen", 0);
    message(bench, "kitchen", 7);
    message(bench, "kitchen", 9);
    bench.advance(19 * MINUTE_MS - 1);
    expect(fired(bench)).toEqual([]);
    bench.advance(60 * MINUTE_MS);
    expect(fired(bench)).toEqual([[19, "devices/kitchen/state", "inactive"]]);
  });

  test("takes each device by itself, from its first message on", () => {
    const bench = new Workbench(FLOW);
    message(bench, "kitchen", 0);
    message(bench, "cellar", 4);
    message(bench, "kitchen", 8);
    bench.advance(30 * MINUTE_MS);
    expect(fired(bench)).toEqual([
      [14, "devices/cellar/state", "inactive"],
      [18, "devices/kitchen/state", "inactive"],
    ]);
  });

  test("says that a device sends again, and begins from there", () => {
    const bench = new Workbench(FLOW);
    message(bench, "kitchen", 0);
    message(bench, "kitchen", 25);
    message(bench, "kitchen", 26);
    bench.advance(60 * MINUTE_MS);
    expect(fired(bench)).toEqual([
      [10, "devices/kitchen/state", "inactive"],
      [25, "devices/kitchen/state", "active"],
      [36, "devices/kitchen/state", "inactive"],
    ]);
  });

  test("goes on after a restart in the middle, also while it is silent", () => {
    const bench = new Workbench(FLOW);
    message(bench, "kitchen", 0);
    message(bench, "kitchen", 5);
    const after = bench.restarted();
    after.advance(60 * MINUTE_MS);
    expect(fired(after)).toEqual([[15, "devices/kitchen/state", "inactive"]]);
    const later = after.restarted();
    message(later, "kitchen", 70);
    expect(fired(later)).toEqual([[70, "devices/kitchen/state", "active"]]);
  });
});
