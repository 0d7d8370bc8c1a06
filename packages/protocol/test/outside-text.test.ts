import { describe, expect, test } from "@jest/globals";
import {
  decodeReading,
  decodeState,
  parseAnnouncement,
  parseCommand,
  parseCommandAck,
  parseReceipt,
  parseStatistics,
  textOf,
} from "@weir/protocol";
import fc from "fast-check";
import { parseLenientJson } from "../src/outside-text.ts";

const TIMES = { receivedUs: 1_795_207_200_000_000, skewUs: 60_000_000 };
const MARK = "\uFEFF";
const average = { avg_1min: 1, avg_5min: 1, avg_30min: 1 };
const detail = { count: 1, min: 1, max: 1, ageSeconds: 1 };
const windows = { "1min": detail, "5min": detail, "30min": detail };

/** What is read of payloads, each by its own function. */
const READERS: readonly [string, object, (payload: Buffer) => unknown][] = [
  ["a reading", { number: 1, epochtime: "1795207143" }, (p) => decodeReading(p, TIMES)],
  ["a state", { data: { a: 1 }, time: 1_795_207_143 }, (p) => decodeState(p, TIMES)],
  ["a command", { name: "restart", id: "one" }, parseCommand],
  ["an ack", { id: "one", name: "restart", status: "done", at: 1 }, parseCommandAck],
  ["a receipt", { at: 1, entries: [] }, parseReceipt],
  ["an announcement", { at: 1, entries: [] }, parseAnnouncement],
  ["statistics", { ...average, at: 1, throughId: 1, lagRows: 0, windows }, parseStatistics],
];

describe("text from outside", () => {
  test.each(READERS)("is read without the marks around it: %s", (_, content, read) => {
    const text = JSON.stringify(content);
    const plain = read(Buffer.from(text));
    expect(plain).not.toBeNull();
    expect(plain).not.toMatchObject({ kind: "rejected" });
    for (const marked of [`${MARK}${text}`, `${text}\0`, `${MARK}${text}${"\0".repeat(300)}`]) {
      expect(read(Buffer.from(marked))).toEqual(plain);
    }
  });

  test("loses one mark in front and all NULs behind, and nothing else", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 5 }), (text, nuls) => {
        fc.pre(!text.startsWith(MARK) && !text.endsWith("\0") && text.isWellFormed());
        expect(textOf(Buffer.from(`${MARK}${text}${"\0".repeat(nuls)}`))).toBe(text);
        expect(textOf(Buffer.from(`${MARK}${MARK}${text}`))).toBe(MARK + text);
      }),
    );
    expect(textOf(Buffer.from("a\0b"))).toBe("a\0b");
    expect(textOf(Buffer.from(MARK))).toBe("");
  });
});

describe("JSON with NaN", () => {
  test.each([
    ['{"temp": NaN, "hum": 40}', { temp: null, hum: 40 }],
    ['{"a": nan, "b": -nan, "c": inf, "d": -inf}', { a: null, b: null, c: null, d: null }],
    ['{"a": Infinity, "b": -Infinity, "c": [NaN]}', { a: null, b: null, c: [null] }],
    ['{"NaN": NaN, "is\\"NaN": "NaN, \\\\"}', { NaN: null, 'is"NaN': "NaN, \\" }],
  ])("has null in its place: %s", (text, json) => {
    expect(parseLenientJson(text)).toEqual({ json, hasNonFinite: true });
  });

  test.each(['{"a": nano}', '{"a": 1nan}', '{"a": NaN', '{"a": "NaN}', "{'a': NaN}", "nanan"])(
    "is none where more is wrong: %s",
    (text) => {
      expect(parseLenientJson(text).json).toBeUndefined();
    },
  );

  test("leaves what is JSON as it is, whatever its strings say", () => {
    const word = fc.constantFrom("NaN", "nan", "-inf", "Infinity", '"', "\\", "{", ": NaN,");
    const text = fc.array(word).map((words) => words.join(" "));
    const record = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null)));
    fc.assert(
      fc.property(record, (content) => {
        const plain = JSON.stringify(content);
        expect(parseLenientJson(plain)).toEqual({
          json: JSON.parse(plain),
          hasNonFinite: false,
        });
        const broken = `{"x":NaN,"content":${plain}}`;
        expect(parseLenientJson(broken)).toEqual({
          json: { x: null, content: JSON.parse(plain) },
          hasNonFinite: true,
        });
      }),
    );
  });

  test("takes time that grows with its length alone", () => {
    const quotes = `{"a":NaN,"b":"${'\\"'.repeat(130_000)}`;
    expect(parseLenientJson(quotes).json).toBeUndefined();
    expect(parseLenientJson(`[${"NaN,".repeat(60_000)}1]`).json).toHaveLength(60_001);
  });
});
