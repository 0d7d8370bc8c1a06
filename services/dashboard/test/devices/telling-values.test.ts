import { describe, expect, test } from "@jest/globals";
import type { Kind } from "@weir/series";
import { tellingValues } from "../../src/devices/telling-values.ts";

interface Given {
  unit?: string;
  class?: string;
  kind?: Kind;
  name?: string;
  topic?: string;
}

/** The paths that a card shows of these series. */
function shown(series: Readonly<Record<string, Given>>): string[] {
  const rated = Object.entries(series).map(([path, given]) => ({
    path,
    topic: given.topic ?? "a",
    name: given.name ?? null,
    unit: given.unit ?? null,
    class: given.class ?? null,
    kind: given.kind ?? ("gauge" as const),
  }));
  return tellingValues(rated).map(({ path }) => path);
}

describe("a card shows", () => {
  test("the temperature and the humidity of a climate sensor before its link", () => {
    const sensor = {
      battery: { unit: "%" },
      humidity: { unit: "%" },
      linkquality: { unit: "lqi" },
      temperature: { unit: "°C" },
      voltage: {},
    };
    expect(shown(sensor)).toEqual(["temperature", "humidity", "battery", "voltage"]);
  });

  test("the power of a plug before its meter", () => {
    const plug = {
      "ENERGY.Total": { unit: "kWh", kind: "counter" as const },
      "ENERGY.Power": { unit: "W" },
      "ENERGY.Voltage": { unit: "V" },
      "ENERGY.Today": { unit: "kWh", kind: "counter" as const },
      "ENERGY.Current": { unit: "A" },
    };
    expect(shown(plug)).toEqual([
      "ENERGY.Power",
      "ENERGY.Current",
      "ENERGY.Voltage",
      "ENERGY.Today",
    ]);
  });

  test("the space that is used before that which is free", () => {
    const device = {
      "drive-space-free": { unit: "GB" },
      "drive-space-used": { unit: "GB" },
      walk: {},
      cpu: { unit: "%" },
    };
    expect(shown(device)).toEqual(["drive-space-used", "cpu", "drive-space-free", "walk"]);
  });

  test("what is known by a class or a unit before what is not", () => {
    expect(shown({ a: {}, b: { unit: "x" }, c: { kind: "state" }, d: { class: "y" } })).toEqual([
      "b",
      "d",
      "a",
      "c",
    ]);
  });

  test("several of a sort only where there is nothing else, and four at most", () => {
    const rooms = Object.fromEntries(
      ["r1", "r2", "r3", "r4", "r5"].map((room) => [`${room}.temperature`, { unit: "°C" }]),
    );
    expect(shown(rooms)).toHaveLength(4);
    expect(shown({ ...rooms, walk: {} }).slice(0, 2)).toEqual(["r1.temperature", "walk"]);
  });

  test("nothing of a device without series", () => {
    expect(shown({})).toEqual([]);
  });
});
