import { expect, test } from "@jest/globals";
import { dataOfMessage, dataOfPoint, MESSAGE_NAMES, POINT_NAMES } from "../../src/node/heard.ts";
import type { Data, Heard, Step } from "../../src/node/node.ts";
import { NODES } from "../../src/nodes/index.ts";

const device = { device: "home:devices/a", deviceName: "a" };
const alert = {
  flow: "f",
  node: "n",
  key: "a",
  severity: "info",
  title: "t",
  state: "new",
} as const;
const message = { kind: "messages", stream: "home", topic: "devices/a/x", ...device } as const;

/** The names in what a trigger begins a run with. */
function namesFrom(
  type: string,
  config: object,
  heard: Heard,
): { begun: string[]; said: string[] } {
  const node = NODES.get(type);
  if (node === undefined) throw new Error(type);
  const parsed = node.config.parse(config);
  const states = new Map<string, unknown>();
  const begun: Data[] = [];
  const emit = (_output: string, data: Data) => void begun.push(data);
  const step = {
    nowMs: 0,
    state: (key: string) => states.get(key),
    keep: (key: string, state: unknown) => void states.set(key, state),
    emit,
  };
  const behaviour = node.create(parsed, { flow: "f", name: "n", table: () => [] });
  // These triggers use no more of a step.
  behaviour.hear?.(heard, step as unknown as Step<unknown>);
  if (begun.length === 0) {
    step.nowMs = 3_600_000;
    for (const key of states.keys()) behaviour.wake?.(key, step as unknown as Step<unknown>);
  }
  return { begun: Object.keys(begun[0] ?? {}).sort(), said: [...node.begins(parsed)].sort() };
}

test.each<[string, object, Heard]>([
  [
    "device",
    {},
    {
      kind: "connections",
      ...device,
      event: "connected",
      reason: null,
      by: "birth and will",
      isCopy: false,
    },
  ],
  ["inactive", { topic: "#", for: "1s" }, { ...message, payload: 1 }],
  ["command-result", {}, { ...message, payload: { id: "1", name: "x", status: "done", at: 1 } }],
  ["timer", { every: "1h" }, { kind: "start", wallMs: 0 }],
  ["button", {}, { kind: "button", by: "ann", payload: 1 }],
  ["system", { about: "disk" }, { kind: "system", about: "disk", usedPercent: 99, freeBytes: 1 }],
  ["system", { about: "audit" }, { kind: "system", about: "audit", missing: 1 }],
  ["system", { about: "broker" }, { kind: "system", about: "broker", isAway: true, reason: null }],
  ["alert-change", {}, { kind: "alerts", alert }],
])("%s %j says the names that its runs begin with", (type, config, heard) => {
  const { begun, said } = namesFrom(type, config, heard);
  expect(begun.length).toBeGreaterThan(0);
  expect(said).toEqual(begun);
});

test("readings and messages have the names that are said of them", () => {
  const point = {
    kind: "series",
    series: "s",
    topic: "t",
    ...device,
    value: 1,
    unit: null,
    observedMs: 0,
  } as const;
  expect(Object.keys(dataOfPoint(point)).sort()).toEqual([...POINT_NAMES].sort());
  expect(Object.keys(dataOfMessage({ ...message, payload: 1 }, 0)).sort()).toEqual(
    [...MESSAGE_NAMES].sort(),
  );
});
