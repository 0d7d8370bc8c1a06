import { expect, test } from "@jest/globals";
import { type Memory, type Reading, SeriesReader, StreamMemory, type Version } from "@weir/series";
import { START_US } from "@weir/testkit";
import sparkplugPayload from "sparkplug-payload";

const library = sparkplugPayload.get("spBv1.0");
const reader = new SeriesReader({
  series: "auto",
  skewUs: 60_000_000,
  timeZone: null,
  document: null,
});
const TIMESTAMP_MS = START_US / 1_000;

function read(type: string, payload: Buffer, memory: Memory): Reading {
  const topic = `spBv1.0/group/${type}/node`;
  return reader.read(
    { topic, payload, receivedUs: START_US, retained: false, observedUs: null },
    memory,
  );
}

type Metrics = NonNullable<Parameters<NonNullable<typeof library>["encodePayload"]>[0]["metrics"]>;

function encode(metrics: Metrics): Buffer {
  if (library === null) throw new Error("the package has no such namespace");
  return Buffer.from(library.encodePayload({ timestamp: TIMESTAMP_MS, metrics, seq: 0 }));
}

test("what the package sparkplug-payload encodes is read with its values", () => {
  const metrics = [
    { name: "Int8", type: "Int8", value: -8 },
    { name: "Int16", type: "Int16", value: -300 },
    { name: "Int32", type: "Int32", value: -70_000 },
    { name: "Int64", type: "Int64", value: -5_000_000_000 },
    { name: "UInt8", type: "UInt8", value: 255 },
    { name: "UInt16", type: "UInt16", value: 65_535 },
    { name: "UInt32", type: "UInt32", value: 4_294_967_295 },
    { name: "UInt64", type: "UInt64", value: 5_000_000_000 },
    { name: "Float", type: "Float", value: 0.5 },
    { name: "Double", type: "Double", value: -1e-9 },
    { name: "Boolean", type: "Boolean", value: true },
  ] as const;
  const memory = new StreamMemory().at({ segment: "s", id: 1 });
  const { points } = read("NBIRTH", encode([...metrics]), memory);
  expect(points.slice(1).map(({ path, value }) => [path, value])).toEqual(
    metrics.map(({ name, value }) => [name, Number(value)]),
  );
});

test("a birth that repeats the one before adds nothing to the memory", () => {
  const memory = new StreamMemory();
  const versions = (): Version[] => [...memory.changes().remembered];
  const birth = encode([{ name: "t", alias: 1, type: "Double", value: 1 }]);
  read("NBIRTH", birth, memory.at({ segment: "s", id: 1 }));
  expect(versions()).toHaveLength(1);
  read("NBIRTH", birth, memory.at({ segment: "s", id: 2 }));
  expect(versions()).toHaveLength(1);
});

/** A length-delimited field. */
function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) length.push((rest % 128) + 0x80);
  const tag = number < 16 ? [number * 8 + 2] : [((number * 8 + 2) % 128) + 0x80, number >> 4];
  return Buffer.concat([Buffer.from([...tag, ...length, rest]), content]);
}

test("templates within templates are followed only so far", () => {
  let nested: Buffer = Buffer.alloc(0);
  const name = field(1, Buffer.from("t"));
  for (let depth = 0; depth < 1_000; depth += 1) {
    nested = Buffer.concat([name, field(18, field(2, nested))]);
  }
  const memory = new StreamMemory().at({ segment: "s", id: 1 });
  const { points, ignored } = read("NDATA", field(2, nested), memory);
  expect(points).toEqual([]);
  expect(ignored).toEqual([{ path: "t.t.t.t.t.t.t.t.t", reason: "deeper than 8 templates" }]);
});

test("thousands of metrics without content are cut, and it says so", () => {
  const memory = new StreamMemory().at({ segment: "s", id: 1 });
  const payload = Buffer.concat(Array(30_000).fill(Buffer.from([0x12, 0x00])));
  const reading = read("NBIRTH", payload, memory);
  expect(reading.isCut).toBe(true);
  expect(reading.points).toHaveLength(1);
});
