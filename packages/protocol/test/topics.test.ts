import { describe, expect, test } from "@jest/globals";
import { createClaimOf, isName, topicProblem } from "@weir/protocol";
import fc from "fast-check";

describe("a topic", () => {
  test.each(["DATA", "plant/1/temperature", "Öfen/1", "/"])("may be %s", (topic) => {
    expect(topicProblem(topic)).toBeNull();
  });

  test.each([
    ["empty", ""],
    ["a filter with #", "plant/#"],
    ["a filter with +", "plant/+/x"],
    ["one with NUL", "a\0b"],
    ["the broker's own", "$SYS/x"],
    ["longer than MQTT can carry", "x".repeat(65_536)],
  ])("may not be %s", (_, topic) => {
    expect(topicProblem(topic)).toEqual(expect.any(String));
  });
});

const CHARACTERS = /^[A-Za-z0-9._-]{1,64}$/;
const RESERVED = [".", "..", ...Object.getOwnPropertyNames(Object.prototype)];

function isByTheRule(text: string): boolean {
  return CHARACTERS.test(text) && !RESERVED.includes(text);
}

test("every single character is a name, or is none, as the rule says", () => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const character = String.fromCharCode(code);
    if (isName(character) !== isByTheRule(character)) expect(character).toBe("by the rule");
  }
});

test("a text is a name when every character is, and it is neither empty nor too long", () => {
  const character = fc.oneof(
    { weight: 50, arbitrary: fc.constantFrom(..."aZ09._-") },
    fc.constantFrom(..."/+#\0\n ä\u{1F30A}"),
  );
  const texts = fc.string({ unit: character, minLength: 0, maxLength: 70 });
  fc.assert(
    fc.property(texts, (text) => {
      expect(isName(text)).toBe(isByTheRule(text));
    }),
    { seed: 4, numRuns: 2_000, examples: [[""], ["a".repeat(64)], ["a".repeat(65)], ["a\n"]] },
  );
});

test.each(RESERVED)("%j is no name: it is a path, or a property of every object", (text) => {
  expect(isName(text)).toBe(false);
});

test.each(["...", "..a", "proto", "_proto_", "Constructor", "toString2", "to-string"])(
  "%j is a name",
  (text) => {
    expect(isName(text)).toBe(true);
  },
);

describe("a claim to be a publisher", () => {
  const claimOf = createClaimOf(["devices", "losant", "hall/+"]);

  test.each([
    ["devices/pi/state", "own"],
    ["devices/pi/log/info", "own"],
    ["devices/pi", "own"],
    ["losant/pi/state", "own"],
    ["hall/3/pi/state", "own"],
    ["devices/pi2/state", "foreign"],
    ["devices/p/state", "foreign"],
    ["devices//state", "foreign"],
    ["devices/garden/pi", "foreign"],
    ["losant/garden/state", "foreign"],
    ["hall/pi/garden", "foreign"],
    ["devices", "shared"],
    ["hall/pi", "shared"],
    ["DATA", "shared"],
    ["devicespi/pi", "shared"],
    ["/devices/pi", "shared"],
  ])("of pi on %s is %s", (topic, claim) => {
    expect(claimOf(topic, "pi")).toBe(claim);
  });

  test("is shared everywhere where no topic names a device", () => {
    expect(createClaimOf([])("devices/garden/state", "pi")).toBe("shared");
  });
});
