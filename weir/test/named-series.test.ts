import { expect, test } from "@jest/globals";
import type { CataloguedSeries } from "@weir/series";
import { faultOf } from "@weir/testkit";
import { namedSeries } from "../src/named-series.ts";

const ABOUT = { name: null, unit: null, class: null, device: null, kind: "gauge" } as const;
const COUNTED = { points: 1, firstUs: 0, newestUs: 0, newestValue: 0, receivedUs: 0 };
const ALL = [
  ["home", "meter", "power"],
  ["attic", "meter", "power"],
  ["attic", "meter", ""],
  ["attic", "home:x", "power"],
].map(([stream = "", topic = "", path = ""]): CataloguedSeries => {
  return { stream, topic, path, family: "auto", intervalMs: 0, ...ABOUT, ...COUNTED };
});

test.each([
  ["home:meter#power", "home"],
  ["attic:meter#power", "attic"],
  ["meter", "attic"],
  ["attic:home:x#power", "attic"],
])("the name %j is of one series, on the stream %s", (text, stream) => {
  expect(namedSeries(ALL, text).stream).toBe(stream);
});

test("a name that several streams have has to name one of them", () => {
  const { message, remedy } = faultOf(() => namedSeries(ALL, "meter#power"));
  expect(message).toBe('"meter#power" is a series of several streams');
  expect(remedy).toBe("Name one: home:meter#power, attic:meter#power.");
});

test("a catalogue full of long names does not keep a typo waiting, and no name adds a line to the error", () => {
  const [first] = ALL as [CataloguedSeries];
  const topics = Array.from({ length: 5_000 }, (_, index) => `${index}/${"x".repeat(30_000)}`);
  const all = [...topics, "kitchen\nplug"].map((topic) => ({ ...first, topic }));
  // Compared letter by letter, these names would take minutes: longer than a test may last.
  const { message } = faultOf(() => namedSeries(all, "kitchen plug#power"));
  expect(message).toContain("; did you mean kitchen\\nplug?");
});
