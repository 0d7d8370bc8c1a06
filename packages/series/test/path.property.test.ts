import { expect, test } from "@jest/globals";
import { formatSeries, levelsOf, parseSeries, pathOf, publishable, topicLevel } from "@weir/series";
import fc from "fast-check";

/** Any key that JSON can have, those with what a path writes in its own way among them. */
const key = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "0", ".", "[", "]", "'", "\\", "\n", "#", "/", " ") }),
);

test("a path gives back the keys that it was made of", () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 8 }), (keys) => {
      expect(levelsOf(keys.reduce(pathOf, ""))).toEqual(keys);
    }),
    { numRuns: 5_000 },
  );
});

test("a series' name gives back its stream, topic and path", () => {
  const topic = fc.string({ minLength: 1 }).filter((text) => !text.includes("#"));
  const path = fc.array(key, { maxLength: 4 }).map((keys) => keys.reduce(pathOf, ""));
  const stream = fc.constantFrom("home", "a.b", "data");
  fc.assert(
    fc.property(fc.record({ stream, topic, path }), (series) => {
      expect(parseSeries(formatSeries(series), ["home", "a.b", "data"])).toEqual(series);
    }),
  );
});

test("a key becomes a level that every broker takes, and no other key the same one", () => {
  const wellFormed = key.filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(wellFormed, (text) => {
      const level = topicLevel(text);
      // Mosquitto ends the connection of a client that publishes these.
      expect(level).not.toMatch(/[/+#\p{Cc}\p{Noncharacter_Code_Point}]/u);
      expect(decodeURIComponent(level)).toBe(text);
    }),
    { numRuns: 5_000 },
  );
  expect(topicLevel("a\u001b[2J/b")).toBe("a%1B[2J%2Fb");
  expect(topicLevel("\u{1ffff}\ud800")).toBe("%F0%9F%BF%BF\ufffd");
  expect(publishable("a/b\u0001/c")).toBe("a/b%01/c");
});
