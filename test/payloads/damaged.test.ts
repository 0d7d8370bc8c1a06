import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { POINTS_MAX, type Reading, SeriesReader, StreamMemory } from "@weir/series";
import { parse } from "yaml";

interface Example {
  topic: string;
  payload: { text?: string; json?: unknown; hex?: string };
}

/** The messages of every corpus: payloads that are nearly right reach further into a family than noise does. */
const EXAMPLES = globSync("test/payloads/*/*.yaml").flatMap(
  (file) => (parse(readFileSync(file, "utf8")) as { cases: Example[] }).cases,
);

const WRONG_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  "",
  "x".repeat(1_000),
  [],
  [[[null]]],
  {},
  { value: { value: {} } },
];

/** The payloads with each value of an object replaced by a wrong one, at the top and within. */
function* withWrongValues(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const copy = structuredClone(value) as Record<string, unknown>;
    for (const wrong of WRONG_VALUES) {
      copy[key] = wrong;
      yield copy;
    }
    for (const inner of withWrongValues((value as Record<string, unknown>)[key])) {
      copy[key] = inner;
      yield copy;
    }
  }
}

const reader = new SeriesReader({
  series: "auto",
  skewUs: 60_000_000,
  timeZone: null,
  document: null,
});

function read(topic: string, payload: Buffer): Reading {
  const memory = new StreamMemory();
  const receivedUs = Date.UTC(2026, 10, 27, 8, 31) * 1_000;
  const message = { topic, payload, receivedUs, retained: false, observedUs: null };
  return reader.read(message, memory.at({ segment: "s", id: 1 }));
}

function expectValid(reading: Reading): void {
  expect(reading.points.length).toBeLessThanOrEqual(POINTS_MAX);
  expect(reading.points.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  expect(reading.topic).not.toMatch(/[#+\0]/);
}

test("a field of a wrong type leaves a reading of the others", () => {
  for (const { topic, payload } of EXAMPLES) {
    for (const wrong of withWrongValues(payload.json)) {
      expectValid(read(topic, Buffer.from(JSON.stringify(wrong))));
    }
  }
});

test("bytes that are cut off anywhere have a reading", () => {
  for (const { topic, payload } of EXAMPLES) {
    const bytes =
      payload.hex === undefined
        ? Buffer.from(payload.text ?? JSON.stringify(payload.json))
        : Buffer.from(payload.hex.replaceAll(/\s/g, ""), "hex");
    for (let length = 0; length < bytes.length; length += 1) {
      expectValid(read(topic, bytes.subarray(0, length)));
    }
  }
});
