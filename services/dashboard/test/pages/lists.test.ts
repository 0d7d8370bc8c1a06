import { describe, expect, test } from "@jest/globals";
import { withChanges } from "../../pages/devices/device-list.ts";
import { linePath } from "../../pages/parts/line-path.ts";
import { followedBy, withNewest, withPoints } from "../../pages/parts/newest.ts";
import { prettyPayload } from "../../pages/parts/pretty.ts";
import { isOld, labelOf } from "../../pages/parts/series-words.ts";
import { visibleRows } from "../../pages/parts/visible-rows.ts";
import { searchQuery } from "../../pages/series/search-query.ts";
import type { Device } from "../../src/contract/devices.ts";
import type { Series } from "../../src/contract/series.ts";

test("of a million rows only those near the screen are in the page", () => {
  expect(visibleRows(1_000_000, 60, -600_000, 840)).toEqual({ first: 9_994, end: 10_020 });
  expect(visibleRows(1_000_000, 60, 200, 840)).toEqual({ first: 0, end: 17 });
  expect(visibleRows(3, 60, 200, 840)).toEqual({ first: 0, end: 3 });
  expect(visibleRows(1_000, 60, -59_500, 840)).toEqual({ first: 985, end: 1_000 });
});

describe("a small line", () => {
  test("uses the whole height, and stops at a gap", () => {
    expect(linePath([0, 10, null, 5, 10], 100, 40)).toBe("M0 40L25 0M75 20L100 0");
  });

  test("is in the middle when it is flat, a dot when it is alone, nothing without values", () => {
    expect(linePath([5, 5], 100, 40)).toBe("M0 20L100 20");
    // An average of equal values may be off in its last digit.
    expect(linePath([8.02, 8.019999999999998], 100, 40)).toBe("M0 20L100 20");
    expect(linePath([null, 5, null], 100, 40)).toBe("M48 20L52 20");
    expect(linePath([null, null], 100, 40)).toBe("");
  });
});

test("a topic filter differs from words by a + or # that is a whole level", () => {
  expect(searchQuery("devices/+/state")).toEqual({ filter: "devices/+/state" });
  expect(searchQuery("#")).toEqual({ filter: "#" });
  expect(searchQuery(" kitchen temperature ")).toEqual({ text: "kitchen temperature" });
  expect(searchQuery("c++ #1")).toEqual({ text: "c++ #1" });
  expect(searchQuery("  ")).toEqual({});
});

test("changes replace devices in their places; new ones come at the end of a whole list", () => {
  // Only id and name have a part in it.
  const device = (id: string, name: string) => ({ id, name }) as Device;
  const list = [device("a", "a"), device("b", "b")];
  const changed = [device("c", "c"), device("b", "B")];
  expect(withChanges(list, changed, true).map(({ name }) => name)).toEqual(["a", "B", "c"]);
  expect(withChanges(list, changed, false).map(({ name }) => name)).toEqual(["a", "B"]);
});

test("a series is called by its name, its path, or the last level of its topic", () => {
  const device = { id: "data:kitchen", name: "kitchen" };
  expect(labelOf({ device, name: "Drive used", path: "root", topic: "a/b" })).toBe("Drive used");
  expect(labelOf({ device, name: null, path: "temperature", topic: "a/b" })).toBe("temperature");
  expect(labelOf({ device, name: null, path: "", topic: "devices/greenhouse/humidity" })).toBe(
    "humidity",
  );
  expect(labelOf({ device, name: "kitchen Walk", path: "", topic: "" })).toBe("Walk");
});

test("a value is old when three of its usual intervals have passed, a minute at least", () => {
  expect(isOld({ receivedMs: 0, intervalMs: 5_000 }, 59_000)).toBe(false);
  expect(isOld({ receivedMs: 0, intervalMs: 5_000 }, 61_000)).toBe(true);
  expect(isOld({ receivedMs: 0, intervalMs: 60_000 }, 179_000)).toBe(false);
  expect(isOld({ receivedMs: 0, intervalMs: 0 }, 3_500_000)).toBe(false);
  expect(isOld({ receivedMs: 0, intervalMs: 0 }, 3_700_000)).toBe(true);
});

test("JSON is shown with its structure, and other text as it was sent", () => {
  expect(prettyPayload('{"a":[1,2]}')).toBe('{\n  "a": [\n    1,\n    2\n  ]\n}');
  expect(prettyPayload("21.50")).toBe("21.50");
  expect(prettyPayload("9007199254740993")).toBe("9007199254740993");
  expect(prettyPayload("<b>on</b>")).toBe("<b>on</b>");
});

describe("the newest values of cards", () => {
  // Only names have a part in it.
  const card = (...names: string[]) => ({ values: names.map((series) => ({ series }) as Series) });

  test("the first series of all devices are followed before the others, forty of them", () => {
    expect(followedBy([card("c", "d"), card(), card("a", "b")])).toEqual(["a", "b", "c", "d"]);
    const many = Array.from({ length: 30 }, (_, at) => card(`first ${at}`, `second ${at}`));
    const followed = followedBy(many);
    expect(followed.filter((name) => name.startsWith("first"))).toHaveLength(30);
    expect(followed).toHaveLength(40);
  });

  test("a point replaces what is older, whether that came as a point or in the list", () => {
    const names = ["a", "b"];
    const newest = withPoints(new Map(), names, {
      points: [
        [1, 2_000, 5],
        [1, 1_000, 4],
        [7, 3_000, 9],
      ],
    });
    expect(newest).toEqual(new Map([["b", { value: 5, atMs: 2_000 }]]));
    // What has no part in it is left out.
    const listed = { series: "b", newestValue: 1, newestMs: 1_500, receivedMs: 1_600 } as Series;
    expect(withNewest(listed, newest)).toMatchObject({ newestValue: 5, receivedMs: 2_000 });
    const newer = { ...listed, newestMs: 2_500 };
    expect(withNewest(newer, newest)).toBe(newer);
  });
});
