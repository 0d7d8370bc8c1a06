import { expect, test } from "@jest/globals";
import type { Alert } from "@weir/flows/contract";
import { createFormat } from "../../pages/format.ts";
import { type Known, needsALook } from "../../pages/overview/needs-look.ts";
import type { Device } from "../../src/contract/devices.ts";

const NOON = Date.parse("2026-11-27T12:03:27Z");
const DAY = 86_400_000;
const STREAMS = { streams: [], disk: null, measuredMs: NOON, backup: null };
const NOTHING: Known = {
  status: null,
  devices: [],
  alerts: [],
  services: null,
  streams: null,
  rejections: null,
  nowMs: NOON,
};

function looks(known: Partial<Known>) {
  return needsALook({ ...NOTHING, ...known }, createFormat("en-GB", "UTC"));
}

function device(id: string, state: Device["state"]): Device {
  return {
    id,
    name: id,
    streams: ["devices"],
    topics: [`devices/${id}`],
    state,
    sinceMs: NOON - 60_000,
    heardMs: NOON - 120_000,
    isCommandable: false,
    seriesCount: 0,
    values: [],
  };
}

test("devices that are fine, a roomy disk and flagged rows need none", () => {
  expect(
    looks({
      devices: [device("a", "online"), device("b", "heard")],
      streams: {
        ...STREAMS,
        disk: { freeBytes: 50e9, totalBytes: 100e9, fullMs: NOON + 30 * DAY },
        measuredMs: NOON,
      },
      rejections: { rows: [rejection("flagged", NOON)], dropped: 0, unmatched: 0, ...LOOKED },
    }),
  ).toEqual([]);
});

test("problems come before what wants attention, with a link to each", () => {
  const found = looks({ devices: [device("attic/1", "silent"), device("boiler", "offline")] });
  expect(found.map(({ what, why, address }) => [what, why, address])).toEqual([
    ["boiler is offline", "since 12:02", "/devices/boiler"],
    ["attic/1 is silent", "last heard 2 min ago", "/devices/attic%2F1"],
  ]);
});

test("new alerts are named, the worst first, and those beyond are counted", () => {
  const alert = (id: number, severity: Alert["severity"], state: Alert["state"]): Alert => ({
    id,
    flow: "warm",
    node: "alert",
    key: "devices:devices/freezer/state#temperature",
    severity,
    title: `Freezer ${id}`,
    state,
    raisedMs: NOON - 120_000,
    acknowledgedMs: null,
    acknowledgedBy: null,
    clearedMs: null,
    clearedBy: null,
    run: id,
  });
  const found = looks({
    devices: [device("boiler", "silent")],
    alerts: [
      alert(1, "info", "new"),
      alert(2, "critical", "acknowledged"),
      alert(3, "critical", "new"),
    ],
  });
  expect(found.map(({ tone, what, why }) => [tone, what, why])).toEqual([
    ["problem", "Freezer 3", "critical on devices/freezer/state temperature, 2 min ago"],
    ["attention", "boiler is silent", "last heard 2 min ago"],
    ["quiet", "Freezer 1", "info on devices/freezer/state temperature, 2 min ago"],
  ]);
  const many = Array.from({ length: 7 }, (_, at) => alert(at, "warning", "new"));
  expect(looks({ alerts: many }).at(-1)?.what).toBe("2 more new alerts");
});

test("a backup that has failed needs a look, one that is well does not", () => {
  const backup = (problem: string | null) =>
    looks({ streams: { ...STREAMS, backup: { endedMs: NOON - DAY, problem } } });
  expect(backup(null)).toEqual([]);
  expect(backup("the disk of /backups is full")).toMatchObject([
    {
      what: "There is no new backup",
      why: expect.stringMatching(/^the disk of \/backups is full\. The newest is of .+\.$/),
    },
  ]);
});

test("a disk needs a look when it is nearly full, or will be within a week", () => {
  const disk = (freeBytes: number, fullMs: number | null) =>
    looks({
      streams: { ...STREAMS, disk: { freeBytes, totalBytes: 100e9, fullMs } },
    }).map(({ what, why }) => `${what}. ${why}`);
  expect(disk(9e9, null)).toEqual(["Disk is 91 % full. 9 GB are free."]);
  expect(disk(60e9, NOON + 3 * DAY)).toEqual([
    "Disk is 40 % full. 60 GB are free. At this rate it is full on 30 Nov 2026.",
  ]);
});

test("payloads that were refused within a day are counted, and the newest is named", () => {
  const rows = [
    rejection("rejected", NOON - 1_000, "devices/old"),
    rejection("dropped", NOON - 2_000),
    rejection("rejected", NOON - 2 * DAY),
  ];
  expect(looks({ rejections: { rows, dropped: 1, unmatched: 0, ...LOOKED } })).toMatchObject([
    {
      what: "2 payloads could not be read",
      why: "The newest is on devices/old: the payload is no JSON",
    },
  ]);
});

const LOOKED = { lookedAt: 20_000, isComplete: true };

function rejection(kind: "flagged" | "rejected" | "dropped", atMs: number, topic = "t") {
  const reason = "the payload is no JSON";
  return { atMs, stream: "devices", topic, kind, reason, payload: "x", bytes: 1 };
}
