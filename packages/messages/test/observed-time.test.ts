import { describe, expect, test } from "@jest/globals";
import { parseStatedTime } from "@weir/messages";

const EXPECTED_US = Date.UTC(2026, 10, 20, 10, 0, 0) * 1_000;
const SECONDS = EXPECTED_US / 1e6;

describe("the time of an observation", () => {
  test.each([
    ["epoch seconds", SECONDS],
    ["epoch seconds as text", String(SECONDS)],
    ["epoch seconds as text between blanks", ` ${SECONDS} `],
    ["epoch milliseconds", SECONDS * 1e3],
    ["epoch microseconds", SECONDS * 1e6],
    ["ISO 8601 in UTC", "2026-11-20T10:00:00Z"],
    ["ISO 8601 with an offset", "2026-11-20T12:00:00+02:00"],
    ["ISO 8601 without an offset, taken as UTC", "2026-11-20T10:00:00"],
    ["a $date of milliseconds", { $date: SECONDS * 1e3 }],
    ["a $date of ISO 8601", { $date: "2026-11-20T10:00:00.000Z" }],
  ])("is read from %s", (_, input) => {
    expect(parseStatedTime(input)).toBe(EXPECTED_US);
  });

  test("keeps the fraction of a second", () => {
    expect(parseStatedTime(1795207143.25)).toBe(1795207143250000);
    expect(parseStatedTime("2026-11-20T10:00:00.125Z")).toBe(EXPECTED_US + 125_000);
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["empty text", ""],
    ["words", "yesterday"],
    ["a negative number", -1],
    ["a number beyond what a double holds exactly", 1e17],
    ["NaN", Number.NaN],
    ["infinity", Infinity],
    ["a day that does not exist", "2026-02-30T00:00:00Z"],
    ["a nested $date", { $date: { $date: 1 } }],
    ["a list", [1795207143]],
  ])("is not read from %s", (_, input) => {
    expect(parseStatedTime(input)).toBeNull();
  });
});
