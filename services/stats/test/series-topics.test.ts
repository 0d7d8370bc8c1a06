import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { streamTopics } from "../src/series-topics.ts";

test("two series of a stream never share a topic", () => {
  const level = fc.constantFrom("a", "b", "-", "value", "a.b");
  const topic = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join("/"));
  const path = fc.constantFrom("", "-", "a", "b", "a.b", "['a.b']", "a/b", "value", "%2D", "%2d");
  const topicOf = streamTopics("STATS", "home");
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(topic, path, (of, at) => {
      const published = topicOf(of, at, "auto") ?? "";
      const name = `${of}#${at}`;
      expect(seen.get(published) ?? name).toBe(name);
      seen.set(published, name);
    }),
    { numRuns: 2_000 },
  );
});
