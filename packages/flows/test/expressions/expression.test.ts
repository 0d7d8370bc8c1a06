import { describe, expect, test } from "@jest/globals";
import { Expression } from "../../src/expressions/expression.ts";

const DATA = {
  value: 20,
  unit: null,
  deviceName: "kitchen",
  timeMs: 1_700_000_000_000,
  "front-door": { state: "open" },
  payload: { state: "open", readings: [1, 2, 3], gone: null, deep: [[[[[1]]]]] },
};

function result(text: string, data: Readonly<Record<string, unknown>> = DATA): unknown {
  const evaluated = new Expression(text).evaluate(data);
  return "problem" in evaluated ? evaluated.problem : evaluated.value;
}

describe("an expression", () => {
  test.each([
    ["value + 1 > 20.5", true],
    ["1 / 2", 0.5],
    ["value % 7 == 6", true],
    ["size(payload.readings) + 1", 4],
    ["3 == size(payload.readings)", true],
    ["payload.readings[1]", 2],
    ["value in [20, 30]", true],
    ["abs(value - 30) > 5 && max(value, 1) == 20", true],
    ["round(value / 3, 1)", 6.7],
    ['deviceName == "kitchen" ? "K" : "other"', "K"],
    ["payload.readings.exists(x, x > 2)", true],
    ["payload.readings.filter(x, x > 1).map(x, x * 2)", [4, 6]],
    ['timestamp(int(timeMs / 1000)).getHours("Europe/Berlin")', 23],
    ['payload.state.matches("^op.*")', true],
    ['data["front-door"].state', "open"],
    ["unit == null", true],
    ['payload.gone == "x"', false],
  ])("works with the numbers of JSON: %s", (text, expected) => {
    expect(result(text)).toEqual(expected);
  });

  test("has is false where any part of the path is missing", () => {
    expect(result("has(payload.a.b)")).toBe(false);
    expect(result("has(nothing.a) && nothing.a > 1")).toBe(false);
    expect(result("has(payload.state)")).toBe(true);
  });

  test("says which name is missing, and which there are", () => {
    expect(result("valu > 5 || value > 5")).toBe(
      "there is no valu in the data; there are value, unit, deviceName, timeMs, front-door, payload; did you mean value?",
    );
    expect(result('payload.stat == "open"')).toBe(
      "there is no stat in payload; there are state, readings, gone, deep; did you mean state?",
    );
    expect(result("front-door > 1")).toContain(
      'a name with a hyphen is written data["front-door"]',
    );
    expect(result("payload.constructor == 1")).toContain("there is no constructor in payload");
    expect(result("constructor == 1")).toContain("there is no constructor in the data");
  });

  test("says what it cannot work out with the data", () => {
    expect(result("payload.state > 5")).toBe("it cannot work out dyn<string> > double");
    expect(result("value / 0")).toBe("it gives Infinity");
  });

  test.each([
    ["value > ", "at character 9: it ends too early"],
    ["value >> 5", "at character 8"],
    ['true == "a"', "it cannot work out bool == string"],
    ["fetch(value)", "there is no function fetch; there are abs"],
    ["deviceName.join()", "there is no method join"],
    ["cel.bind(x, 1, x)", "there is no method bind"],
    ["list.all(x, x > 1)", 'list is a word of CEL: write data["list"]'],
    ["has(payload)", "has takes a path with a dot"],
    [`${"1 + ".repeat(400)}1`, "an expression has at most 1000 characters"],
    [`${"(".repeat(50)}1${")".repeat(50)}`, "maxDepth"],
  ])("is refused with the place: %s", (text, problem) => {
    expect(() => new Expression(text)).toThrow(problem);
  });

  test("goes through lists a few times, and never in one another", () => {
    const nested = "payload.readings.all(x, payload.readings.all(y, y > x))";
    expect(() => new Expression(nested)).toThrow("a list is gone through inside another one");
    const often = `payload.readings${".filter(x, x > 0)".repeat(6)} == []`;
    expect(() => new Expression(often)).toThrow("lists are gone through more than 5 times");
  });

  test("bounds what the data makes it do", () => {
    const list = Array.from({ length: 1_001 }, () => 1);
    expect(result("payload.all(x, x > 0)", { payload: list })).toBe(
      "a list has more than 1000 elements",
    );
    expect(result("size(payload)", { payload: list })).toBe(1_001);
    const text = "a".repeat(6_000);
    expect(result('payload + payload == ""', { payload: text })).toBe(
      "a text is longer than 10000 characters",
    );
    expect(result('payload.contains("a")', { payload: text + text })).toBe(
      "a text is longer than 10000 characters",
    );
    expect(result("payload.deep == 1")).toBe(
      "a value is nested more than 4 deep: name a part of it",
    );
  });

  test("does only so much with one set of data", () => {
    const rows = Array.from({ length: 900 }, (_, row) => [row, row, row]);
    expect(result("[payload, payload, payload, payload]", { payload: rows })).toBe(
      "a value holds more than 10000 others: name a part of it",
    );
    expect(result("payload.exists(x, payload == [x])", { payload: rows })).toBe(
      "it takes too long with this data: name less of it",
    );
    expect(result("payload.exists(x, x == [899, 899, 899])", { payload: rows })).toBe(true);
  });

  test.each([
    ['payload.state.matches("(a+)+b")', "a group that is repeated"],
    ['payload.state.matches("(a|b)*")', "a group that is repeated"],
    ['payload.state.matches("((a?)b){9}")', "a group that is repeated"],
    ['payload.state.matches("a{1000}")', "a number of repetitions above 100"],
    ['payload.state.matches("(a)\\\\1")', "a reference to a group"],
    ['payload.state.matches("(?=a)")', "a group that begins with (?"],
    ['payload.state.matches(".*a.*b.*c.*d.*")', "can take too long"],
    ['payload.state.matches("[")', "is not a regular expression"],
    ["payload.state.matches(deviceName)", "matches takes a pattern in quotation marks"],
  ])("refuses a pattern that can take long: %s", (text, problem) => {
    expect(() => new Expression(text)).toThrow(problem);
  });

  test("looks for a pattern only in texts that are short enough for it", () => {
    const pattern = 'payload.matches("^a.*b.*c$")';
    expect(result(pattern, { payload: `a${"x".repeat(1_000)}bc` })).toBe(true);
    expect(result(pattern, { payload: "a".repeat(3_163) })).toBe(
      "the text has 3163 characters; this pattern takes at most 3162",
    );
  });
});
