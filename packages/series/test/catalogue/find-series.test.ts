import { describe, expect, test } from "@jest/globals";
import {
  type CataloguedSeries,
  findSeries,
  formatSeries,
  type SeriesSearch,
  searchSeries,
} from "@weir/series";

const COUNTED = { points: 1, firstUs: 0, newestUs: 0, newestValue: 0, receivedUs: 0 };

function seriesOf(topic: string, path: string, more: Partial<CataloguedSeries>): CataloguedSeries {
  const about = { name: null, unit: null, class: null, device: null, kind: "gauge" } as const;
  return {
    stream: "home",
    topic,
    path,
    family: "auto",
    intervalMs: 0,
    ...about,
    ...COUNTED,
    ...more,
  };
}

const ALL = [
  seriesOf("zigbee2mqtt/kitchen", "power", { device: "kitchen", unit: "W" }),
  seriesOf("zigbee2mqtt/kitchen", "energy", { device: "kitchen", unit: "kWh", kind: "counter" }),
  seriesOf("zigbee2mqtt/hall", "power", { device: "hall", unit: "W", name: "Lamp in the Kitchen" }),
  seriesOf("meter", "", { unit: "W" }),
  seriesOf("meter", "", { stream: "attic", unit: "W" }),
];

describe("a name of a series", () => {
  test.each([
    ["home:meter", "home:meter"],
    ["zigbee2mqtt/hall#power", "home:zigbee2mqtt/hall#power"],
  ])("%s leads to %s", (text, expected) => {
    const named = findSeries(ALL, text);
    expect(named.kind === "found" && formatSeries(named.series)).toBe(expected);
  });

  test("that several streams have leads to each of them", () => {
    expect(findSeries(ALL, "meter")).toEqual({ kind: "ambiguous", series: ALL.slice(3) });
  });

  test("that none has leads to a similar one", () => {
    const suggestion = "; did you mean zigbee2mqtt/hall?";
    expect(findSeries(ALL, "zigbee2mqtt/hell#power")).toEqual({ kind: "unknown", suggestion });
    expect(findSeries(ALL, "attic:nowhere")).toEqual({ kind: "unknown", suggestion: "" });
  });
});

describe("a search", () => {
  test.each<[SeriesSearch, number[]]>([
    [{}, [0, 1, 2, 3, 4]],
    [{ text: " KITCHEN  power " }, [0, 2]],
    [{ text: "kitchen kwh" }, [1]],
    [{ text: "kitchen litres" }, []],
    [{ unit: "W", stream: "home" }, [0, 2, 3]],
    [{ kind: "counter" }, [1]],
    [{ filter: "zigbee2mqtt/+" }, [0, 1, 2]],
    [{ filter: "+", text: "attic" }, [4]],
    [{ device: "home:zigbee2mqtt/kitchen" }, [0, 1]],
  ])("for %j finds what matches all of it", (search, expected) => {
    expect(searchSeries(ALL, search)).toEqual(expected.map((index) => ALL[index]));
  });
});
