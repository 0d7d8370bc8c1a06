import { describe, expect, test } from "@jest/globals";
import { TopicCache } from "../../src/packets/publish.ts";

function textOf(topics: TopicCache, bytes: Buffer): string | null {
  // Somewhere within a larger buffer, as in a packet.
  const packet = Buffer.concat([Buffer.from("before"), bytes, Buffer.from("behind")]);
  return topics.textOf(packet, 6, 6 + bytes.length);
}

describe("the cache of topics", () => {
  test("distinguishes many topics of one length, more than it can remember", () => {
    const topics = new TopicCache();
    for (const _round of [1, 2]) {
      for (let n = 10_000; n < 40_000; n += 1) {
        const topic = `devices/${n}/state`;
        expect(textOf(topics, Buffer.from(topic))).toBe(topic);
      }
    }
  });

  test("hands out the same string for the same bytes, and not the bytes themselves", () => {
    const topics = new TopicCache();
    const bytes = Buffer.from("site/a");
    const text = topics.textOf(bytes, 0, bytes.length);
    bytes.fill("x");
    expect([text, textOf(topics, Buffer.from("site/a"))]).toEqual(["site/a", "site/a"]);
    expect(textOf(topics, bytes)).toBe("xxxxxx");
  });

  test("knows the longest topic there is", () => {
    const topic = "ä".repeat(32_767);
    expect(textOf(new TopicCache(), Buffer.from(topic))).toBe(topic);
  });

  test.each(["", "a/+", "#", "a\0b"])("refuses %j, each time", (wrong) => {
    const topics = new TopicCache();
    const answers = [1, 2].map(() => textOf(topics, Buffer.from(wrong)));
    expect(answers).toEqual([null, null]);
  });
});
