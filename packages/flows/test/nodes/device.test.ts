import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const FLOW = `
flows:
  guard:
    nodes:
      all: { type: device }
      sheds: { type: device, devices: "devices/shed-*" }
      show: { type: debug }
    wires: [all.connected -> show, all.disconnected -> show, sheds -> show]
`;

describe("device", () => {
  test("says once that a device has connected, and once that it has disconnected", () => {
    const bench = new Workbench(FLOW);
    bench.connection("kitchen", "connected", 0);
    bench.connection("kitchen", "connected", 1_000);
    bench.connection("kitchen", "disconnected", 2_000);
    bench.connection("kitchen", "disconnected", 3_000);
    expect(bench.begun()).toEqual(["all:connected", "all:disconnected"]);
    const [run] = bench.changes().runs;
    expect(run?.data).toMatchObject({ key: "home:devices/kitchen", deviceName: "kitchen" });
  });

  test("keeps devices apart, and listens only to those of its pattern", () => {
    const bench = new Workbench(FLOW);
    bench.connection("Shed-north", "connected", 0);
    bench.connection("shed-south", "connected", 0);
    bench.connection("woodshed", "connected", 0);
    const triggers = bench.changes().runs.map(({ trigger, data }) => [trigger, data?.deviceName]);
    expect(triggers).toEqual([
      ["all", "Shed-north"],
      ["sheds", "Shed-north"],
      ["all", "shed-south"],
      ["sheds", "shed-south"],
      ["all", "woodshed"],
    ]);
  });

  test("knows after a restart who was there", () => {
    const bench = new Workbench(FLOW);
    bench.connection("kitchen", "connected", 0);
    const after = bench.restarted();
    after.connection("kitchen", "connected", 1_000);
    expect(after.begun()).toEqual([]);
    after.connection("kitchen", "disconnected", 2_000);
    expect(after.begun()).toEqual(["all:disconnected"]);
  });

  test("the broker's copy is news only where something else was known", () => {
    const bench = new Workbench(FLOW);
    bench.connection("kitchen", "connected", 0, { isCopy: true });
    expect(bench.begun()).toEqual([]);
    bench.connection("kitchen", "disconnected", 1_000, { isCopy: true });
    expect(bench.begun()).toEqual(["all:disconnected"]);
  });

  test("what a device says itself counts, and not the log of its connections", () => {
    const bench = new Workbench(FLOW);
    const logged = { by: "broker's log" } as const;
    bench.connection("plug", "connected", 0, logged);
    bench.connection("plug", "disconnected", 1_000, logged);
    bench.connection("kitchen", "connected", 2_000, logged);
    bench.connection("kitchen", "connected", 2_001);
    bench.connection("kitchen", "disconnected", 3_000, logged);
    expect(bench.begun()).toEqual(["all:connected", "all:disconnected", "all:connected"]);
    bench.connection("kitchen", "disconnected", 3_001);
    expect(bench.begun()).toHaveLength(4);
  });
});
