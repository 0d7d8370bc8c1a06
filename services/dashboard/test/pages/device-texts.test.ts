import { describe, expect, test } from "@jest/globals";
import { zonedMs, zonedText } from "../../pages/device/zoned-time.ts";
import { prettyPayload } from "../../pages/parts/pretty.ts";

describe("a payload as text", () => {
  test("has a line for each value, and each character of its numbers", () => {
    expect(prettyPayload('{"a":12345678901234567890.10,"b":[1,{}, []],"c":"x, {y}: \\"z"}')).toBe(
      [
        "{",
        '  "a": 12345678901234567890.10,',
        '  "b": [',
        "    1,",
        "    {},",
        "    []",
        "  ],",
        '  "c": "x, {y}: \\"z"',
        "}",
      ].join("\n"),
    );
  });

  test("stays as it is where it is no JSON", () => {
    expect(prettyPayload("cpu,host=a load=1 {")).toBe("cpu,host=a load=1 {");
    expect(prettyPayload("21.50")).toBe("21.50");
  });
});

describe("a time that somebody types", () => {
  test.each([
    ["2026-11-27T12:03", "Europe/Berlin", "2026-11-27T11:03:00.000Z"],
    ["2026-07-01T00:00", "America/New_York", "2026-07-01T04:00:00.000Z"],
    ["2026-07-01T00:00", "UTC", "2026-07-01T00:00:00.000Z"],
    // Skipped in spring.
    ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    // There twice in autumn.
    ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["2026-01-01T00:00", "Asia/Kathmandu", "2025-12-31T18:15:00.000Z"],
  ])("%s in %s is %s", (text, zone, iso) => {
    expect(new Date(zonedMs(text, zone) ?? 0).toISOString()).toBe(iso);
  });

  test("is read as it is written", () => {
    const atMs = Date.UTC(2026, 10, 27, 11, 3);
    expect(zonedText(atMs, "Europe/Berlin")).toBe("2026-11-27T12:03");
    expect(zonedMs("soon", "UTC")).toBe(null);
  });
});
