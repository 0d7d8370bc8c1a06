import { describe, expect, test } from "@jest/globals";
import { START_US } from "@weir/testkit";
import { renderCandidates, renderOne } from "../../src/deadband-preview.ts";
import { type Collected, startCollecting } from "../../src/deadband-tally.ts";

const ALL = {
  device: null,
  attribute: null,
  deadband: { kind: "absolute", width: 1 },
  maxSilenceMs: 300_000,
} as const;

type Recorded = readonly [topic: string, data: unknown];

/** States that were received ten seconds apart. */
function collect(recorded: readonly Recorded[], wanted: object = {}): Collected {
  const batching = startCollecting({ ...ALL, ...wanted });
  for (const [index, [topic, data]] of recorded.entries()) {
    const receivedUs = START_US + index * 10_000_000;
    const payload = Buffer.from(JSON.stringify({ data, time: receivedUs / 1_000 }));
    batching.add({ topic, payload, receivedUs, observedUs: null });
  }
  return batching.result();
}

const RECORDED: Recorded[] = [
  ["devices/kitchen/state", { walk: 0, load: 5 }],
  ["devices/attic/state", { walk: 0 }],
  ["devices/kitchen/state", { walk: 0.5, load: 5 }],
  ["devices/kitchen/state", { walk: 0.5, load: 9 }],
  ["devices/attic/state", { walk: 0.25 }],
  ["losant/attic/state", { walk: 0.25 }],
];

describe("recorded states", () => {
  test("are grouped by device and attribute; a message is saved when nothing in it is due", () => {
    const { devices } = collect(RECORDED);
    const counts = devices.map(({ device, series, messages, reportedMessages }) => ({
      device,
      series: series.map(({ attribute, tallies: [tally] }) => [attribute, tally?.reported]),
      messages,
      reportedMessages,
    }));
    expect(counts).toEqual([
      { device: "devices/attic", series: [["walk", 1]], messages: 2, reportedMessages: 1 },
      {
        device: "devices/kitchen",
        series: [
          ["load", 2],
          ["walk", 1],
        ],
        messages: 3,
        reportedMessages: 2,
      },
      { device: "losant/attic", series: [["walk", 1]], messages: 1, reportedMessages: 1 },
    ]);
  });

  test("may be narrowed to a device and an attribute", () => {
    const { devices } = collect(RECORDED, { device: "kitchen", attribute: "walk" });
    expect(devices).toMatchObject([{ device: "devices/kitchen", series: [{ attribute: "walk" }] }]);
  });

  test("are passed over where they are none", () => {
    const others: Recorded[] = [
      ["devices/kitchen/command", { walk: 1 }],
      ["devices/kit chen/state", { walk: 1 }],
      ["devices/kitchen/state", "walk"],
      ["devices/kitchen/state", { walk: "warm" }],
      ["state", { walk: 1 }],
    ];
    expect(collect(others).devices).toEqual([]);
  });

  test("may have so many attributes that some are left out", () => {
    const many = Array.from({ length: 25 }, (_, device): Recorded => {
      const names = Array.from({ length: 50 }, (_, index) => [`a${index}`, 1]);
      return [`devices/d${device}/state`, Object.fromEntries(names)];
    });
    const { devices, leftOut } = collect(many);
    expect({ devices: devices.length, leftOut }).toEqual({ devices: 20, leftOut: 250 });
  });
});

describe("a preview", () => {
  const cellsOf = (text: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith("│"))
      .map((line) =>
        line
          .split("│")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );

  test("is a line for each attribute, and one for all messages of a device", () => {
    expect(cellsOf(renderOne(collect(RECORDED).devices))).toEqual([
      [
        "device",
        "attribute",
        "samples",
        "reported",
        "saved",
        "mean error",
        "max error",
        "rms error",
      ],
      ["devices/attic", "walk", "2", "1", "50.0 %", "0.125", "0.25", "0.177"],
      ["devices/kitchen", "load", "3", "2", "33.3 %", "0", "0", "0"],
      ["devices/kitchen", "walk", "3", "1", "66.7 %", "0.333", "0.5", "0.408"],
      ["devices/kitchen", "all", "3", "2", "33.3 %", "-", "-", "-"],
      ["losant/attic", "walk", "1", "1", "0.0 %", "0", "0", "0"],
    ]);
  });

  test("sets several deadbands beside each other where none is named", () => {
    const { devices } = collect(RECORDED, { deadband: null, device: "kitchen" });
    const text = renderCandidates(devices);
    expect(text).toContain("devices/kitchen load\n");
    expect(text).toContain("devices/kitchen walk\n");
    const rows = cellsOf(text);
    expect(rows).toContainEqual(["0.5", "3", "1", "66.7 %", "0.333", "0.5", "0.408"]);
    expect(rows).toContainEqual(["5", "3", "1", "66.7 %", "1.33", "4", "2.31"]);
  });
});
