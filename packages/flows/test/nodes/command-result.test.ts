import { describe, expect, test } from "@jest/globals";
import { Workbench } from "../workbench.ts";

const FLOW = `
flows:
  updates:
    nodes:
      result: { type: command-result, command: update, devices: "devices/k*" }
      show: { type: debug }
    wires: [result.done -> show, result.failed -> show]
`;

function ack(bench: Workbench, device: string, given: Record<string, unknown>, afterMs = 0): void {
  const payload = { id: "c1", name: "update", at: 1_000, ...given };
  bench.message(`devices/${device}/command/ack`, payload, afterMs);
}

describe("command-result", () => {
  test("says that a command is done, with its result, and nothing before", () => {
    const bench = new Workbench(FLOW.replace('devices: "devices/k*"', ""));
    ack(bench, "kitchen", { status: "received" });
    ack(bench, "kitchen", { status: "running" });
    ack(bench, "kitchen", { status: "done", result: { version: 7 } });
    expect(bench.begun()).toEqual(["result:done"]);
  });

  test.each(["failed", "expired", "rejected", "unknown"])("%s is a failure", (status) => {
    const bench = new Workbench(FLOW);
    ack(bench, "kitchen", { status, error: "no power" });
    expect(bench.begun()).toEqual(["result:failed"]);
  });

  test("an ack that MQTT delivers twice counts once, also over a restart", () => {
    const bench = new Workbench(FLOW);
    ack(bench, "kitchen", { status: "done" });
    ack(bench, "kitchen", { status: "done" }, 1);
    ack(bench, "kitchen", { status: "duplicate" }, 2);
    expect(bench.begun()).toEqual(["result:done"]);
    const after = bench.restarted();
    ack(after, "kitchen", { status: "done" }, 3);
    expect(after.begun()).toEqual([]);
    ack(after, "kitchen", { id: "c2", status: "done" }, 4);
    expect(after.begun()).toEqual(["result:done"]);
  });

  test("leaves out other commands, other devices and what is no ack", () => {
    const bench = new Workbench(FLOW);
    ack(bench, "kitchen", { name: "reboot", status: "done" });
    ack(bench, "shed", { status: "done" });
    ack(bench, "kitchen", { status: "fine" });
    bench.message("devices/kitchen/command/ack", "done", 1);
    expect(bench.begun()).toEqual([]);
  });
});
