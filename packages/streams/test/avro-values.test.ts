import { describe, expect, test } from "@jest/globals";
import avro from "avsc";
import fc from "fast-check";
import { createValueReader } from "../src/avro-values.ts";

/** Zigzag, seven bits to a byte. */
function long(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}

const NODE: avro.schema.AvroSchema = {
  type: "record",
  name: "Node",
  fields: [
    { name: "whole", type: "int" },
    { name: "ratio", type: "double" },
    { name: "near", type: "float" },
    { name: "isOpen", type: "boolean" },
    { name: "text", type: "string" },
    { name: "kind", type: { type: "enum", name: "Kind", symbols: ["on", "off"] } },
    { name: "maybe", type: ["null", "double"] },
    { name: "items", type: { type: "array", items: "long" } },
    { name: "named", type: { type: "map", values: "double" } },
    { name: "next", type: ["null", "Node"] },
  ],
};

const { node } = fc.letrec((tie) => ({
  node: fc.record({
    whole: fc.integer(),
    ratio: fc.double({ noNaN: true }),
    near: fc.float({ noNaN: true }),
    isOpen: fc.boolean(),
    text: fc.string(),
    kind: fc.constantFrom("on", "off"),
    maybe: fc.option(fc.double({ noNaN: true })),
    items: fc.array(fc.integer(), { maxLength: 5 }),
    named: fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      fc.double({ noNaN: true }),
    ),
    next: fc.option(tie("node"), { maxDepth: 3 }),
  }),
}));

/** Without what only the prototypes of objects differ in. */
const plain = (value: unknown): unknown => structuredClone(value);

test("a record is what Avro's library has written", () => {
  const type = avro.Type.forSchema(NODE);
  const read = createValueReader(NODE);
  fc.assert(
    fc.property(node, (value) => {
      expect(plain(read(type.toBuffer(value)))).toEqual({ value: plain(value) });
    }),
    { seed: 4, numRuns: 500 },
  );
});

test("a record that was cut off, or has bytes behind it, is malformed", () => {
  const type = avro.Type.forSchema(NODE);
  const read = createValueReader(NODE);
  fc.assert(
    fc.property(node, fc.nat(), (value, cut) => {
      const whole = type.toBuffer(value);
      expect(read(whole.subarray(0, cut % whole.length))).toBe("malformed");
      expect(read(Buffer.concat([whole, Buffer.alloc(1)]))).toBe("malformed");
    }),
    { seed: 4, numRuns: 500 },
  );
});

const decimal = (scale: number) => ({ type: "bytes", logicalType: "decimal", precision: 9, scale });
const time = (logicalType: string) => ({ type: "long", logicalType });
const bytes = (hex: string) =>
  Buffer.concat([long(BigInt(hex.length / 2)), Buffer.from(hex, "hex")]);

describe("a logical type", () => {
  test.each<[string, unknown, Buffer, unknown]>([
    ["decimal", decimal(2), bytes("3039"), 123.45],
    ["decimal below zero", decimal(2), bytes("ff01"), -2.55],
    ["decimal without digits behind the point", decimal(0), bytes("00ff"), 255],
    ["decimal that binary fractions do not hold", decimal(1), bytes("03"), 0.3],
    ["decimal without bytes", decimal(2), bytes(""), undefined],
    ["decimal of more bytes than a measurement has", decimal(2), bytes("01".repeat(33)), undefined],
    [
      "decimal of fixed size",
      { type: "fixed", name: "F", size: 3, logicalType: "decimal", precision: 6, scale: 3 },
      Buffer.from("fffc18", "hex"),
      -1,
    ],
    ["decimal with a scale that is none is bytes", decimal(-1), bytes("01"), undefined],
    ["decimal of text is text", { type: "string", logicalType: "decimal" }, bytes("31"), "1"],
    [
      "timestamp-millis",
      time("timestamp-millis"),
      long(1_795_768_200_123n),
      "2026-11-27T08:30:00.123000Z",
    ],
    [
      "timestamp-micros",
      time("timestamp-micros"),
      long(1_795_768_200_000_001n),
      "2026-11-27T08:30:00.000001Z",
    ],
    [
      "timestamp-nanos, which no double holds",
      time("timestamp-nanos"),
      long(1_795_768_200_123_456_789n),
      "2026-11-27T08:30:00.123456Z",
    ],
    [
      "timestamp-micros before 1970",
      time("timestamp-micros"),
      long(-1n),
      "1969-12-31T23:59:59.999999Z",
    ],
    ["timestamp-millis of no date", time("timestamp-millis"), long(2n ** 63n - 1n), undefined],
    [
      "local-timestamp-millis",
      time("local-timestamp-millis"),
      long(1_795_768_200_000n),
      "2026-11-27T08:30:00.000000",
    ],
    [
      "local-timestamp-micros",
      time("local-timestamp-micros"),
      long(1_795_768_200_000_000n),
      "2026-11-27T08:30:00.000000",
    ],
    [
      "local-timestamp-nanos",
      time("local-timestamp-nanos"),
      long(1_795_768_200_000_000_999n),
      "2026-11-27T08:30:00.000000",
    ],
    ["date", { type: "int", logicalType: "date" }, long(20_784n), "2026-11-27"],
    ["time-millis", { type: "int", logicalType: "time-millis" }, long(1n), undefined],
    ["time-micros", time("time-micros"), long(1n), undefined],
    [
      "timestamp-millis of an int is an int",
      { type: "int", logicalType: "timestamp-millis" },
      long(5n),
      5,
    ],
    ["of another name is its type", time("my-own"), long(5n), 5],
  ])("%s", (_, type, payload, value) => {
    expect(createValueReader(type as avro.schema.AvroSchema)(payload)).toEqual({ value });
  });

  test("keeps its meaning where its name is used again, and in a union", () => {
    const schema = {
      type: "record",
      name: "R",
      fields: [
        {
          name: "a",
          type: {
            type: "fixed",
            name: "F",
            size: 1,
            logicalType: "decimal",
            precision: 2,
            scale: 1,
          },
        },
        { name: "b", type: ["null", "F", { type: "long", logicalType: "timestamp-millis" }] },
        { name: "c", type: ["null", "F"], default: null },
      ],
    } as const;
    const read = createValueReader(schema as unknown as avro.schema.AvroSchema);
    const payload = Buffer.concat([Buffer.from([15]), long(1n), Buffer.from([25]), long(0n)]);
    expect(plain(read(payload))).toEqual({ value: { a: 1.5, b: 2.5, c: null } });
  });
});

test("longs beyond 2^53 are as near as a double comes", () => {
  const read = createValueReader("long");
  expect(read(long(2n ** 63n - 1n))).toEqual({ value: 2 ** 63 });
  expect(read(long(-(2n ** 63n)))).toEqual({ value: -(2 ** 63) });
});

test("a key may be named __proto__", () => {
  const read = createValueReader({ type: "map", values: "int" });
  const payload = Buffer.concat([
    long(1n),
    bytes(Buffer.from("__proto__").toString("hex")),
    long(7n),
    long(0n),
  ]);
  const { value } = read(payload) as { value: object };
  expect(Object.entries(value)).toEqual([["__proto__", 7]]);
});

test("of a long array only so much is kept as is read as series", () => {
  const read = createValueReader({ type: "array", items: "int" });
  const payload = avro.Type.forSchema({ type: "array", items: "int" }).toBuffer(
    Array(5_000).fill(1),
  );
  expect(read(payload)).toEqual({ value: Array(256).fill(1) });
});

test("values within values are followed only so far", () => {
  const schema: avro.schema.AvroSchema = {
    type: "record",
    name: "Nested",
    fields: [{ name: "inner", type: ["null", "Nested"] }],
  };
  const depths = Buffer.concat([Buffer.alloc(1_000, 2), Buffer.from([0])]);
  expect(createValueReader(schema)(depths)).toBe("beyond limits");
});

test("a few bytes that claim many values are not believed", () => {
  const nulls = createValueReader({ type: "array", items: "null" });
  expect(nulls(Buffer.concat([long(2n ** 40n), long(0n)]))).toBe("beyond limits");
  expect(nulls(Buffer.concat([long(2_000n), long(0n)]))).toBe("beyond limits");
});
