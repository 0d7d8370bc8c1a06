import { describe, expect, test } from "@jest/globals";
import avro from "avsc";
import fc from "fast-check";
import { createFieldsReader } from "../src/avro-fields.ts";

const INNER: avro.schema.AvroSchema = {
  type: "record",
  name: "Inner",
  fields: [
    { name: "flags", type: { type: "array", items: "boolean" } },
    { name: "next", type: ["null", "Inner"] },
  ],
};
const SCHEMA: avro.schema.AvroSchema = {
  type: "record",
  name: "Everything",
  fields: [
    { name: "before", type: INNER },
    { name: "number", type: "double" },
    { name: "named", type: { type: "map", values: ["null", "string", "bytes"] } },
    { name: "seq", type: "long" },
    { name: "kind", type: { type: "enum", name: "Kind", symbols: ["a", "b"] } },
    { name: "epoch", type: "Kind" },
    { name: "id", type: { type: "fixed", name: "Id", size: 3 } },
    { name: "publisher", type: "string" },
    { name: "ratio", type: "float" },
    { name: "epochtime", type: "int" },
  ],
};
const NESTED: avro.schema.AvroSchema = {
  type: "record",
  name: "Nested",
  fields: [{ name: "inner", type: ["null", "string", "Nested"] }],
};
const TYPE = avro.Type.forSchema(SCHEMA);
const readFields = createFieldsReader(TYPE);

const bytes = (sizes: fc.IntArrayConstraints) =>
  fc.uint8Array(sizes).map((array) => Buffer.from(array));

const { inner } = fc.letrec((tie) => ({
  inner: fc.record({
    flags: fc.array(fc.boolean(), { maxLength: 5 }),
    next: fc.option(tie("inner"), { maxDepth: 5 }),
  }),
}));
const wanted = {
  number: fc.double({ noNaN: true }),
  // Beyond these, the library writes another number than it was given.
  seq: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  epoch: fc.constantFrom("a", "b"),
  publisher: fc.string({ unit: "binary" }),
  epochtime: fc.integer(),
};
const everything = fc.record({
  ...wanted,
  before: inner,
  named: fc.dictionary(fc.string(), fc.oneof(fc.constant(null), fc.string(), bytes({}))),
  kind: fc.constantFrom("a", "b"),
  id: bytes({ minLength: 3, maxLength: 3 }),
  ratio: fc.float({ noNaN: true }),
});

describe("the fields of an Avro record", () => {
  test("are those that Avro's library has written", () => {
    fc.assert(
      fc.property(everything, (value) => {
        const { number, seq, epoch, publisher, epochtime } = value;
        expect(readFields(TYPE.toBuffer(value))).toEqual({
          number,
          seq,
          epoch,
          publisher: Buffer.from(publisher).toString(),
          epochtime,
        });
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  test("are not there in a record that was cut off, or has bytes behind it", () => {
    fc.assert(
      fc.property(everything, fc.nat(), (value, cut) => {
        const whole = TYPE.toBuffer(value);
        expect(readFields(whole.subarray(0, cut % whole.length))).toBe("malformed");
        expect(readFields(Buffer.concat([whole, Buffer.alloc(1)]))).toBe("malformed");
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

test("a long of 64 bits is read as near as a double comes", () => {
  const read = createFieldsReader(avro.Type.forSchema({ type: "map", values: "long" }));
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(long, (value) => {
      const map = Buffer.concat([
        encode(1n),
        encode(3n),
        Buffer.from("seq"),
        encode(value),
        encode(0n),
      ]);
      const seq = Number(value);
      const isExact = Number.isSafeInteger(seq);
      const { seq: found } = read(map) as { seq: number };
      expect(Math.abs(found - seq)).toBeLessThanOrEqual(isExact ? 0 : Math.abs(seq) * 2 ** -52);
    }),
    { seed: 4, numRuns: 2_000 },
  );
});

/** Zigzag, seven bits to a byte. */
function encode(long: bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, (long << 1n) ^ (long >> 63n));
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}

describe("of any bytes", () => {
  // Small bytes are small lengths, counts and indices: they lead further than others.
  const byte = fc.oneof(fc.nat({ max: 8 }), fc.nat({ max: 255 }));
  const noise = fc.array(byte, { maxLength: 60 }).map((array) => Buffer.from(array));
  const ENUM: avro.schema.AvroSchema = { type: "enum", name: "E", symbols: ["a", "b"] };

  // The other way round cannot be asked of everything: on counts that are not true, Avro's library
  // goes on behind the end until the memory is full.
  test.each<[string, avro.schema.AvroSchema]>([
    ["a record", SCHEMA],
    ["an array", { type: "array", items: ["null", "double", INNER] }],
    ["a map", { type: "map", values: { type: "array", items: "string" } }],
  ])("%s is read only where Avro's library reads one", (_, schema) => {
    const type = avro.Type.forSchema(schema);
    const read = createFieldsReader(type);
    fc.assert(
      fc.property(noise, (payload) => {
        const result = read(payload);
        if (result === "malformed" || result === "beyond limits") return;
        expect(isReadByLibrary(type, payload)).toBe(true);
      }),
      { seed: 4, numRuns: 5_000 },
    );
  });

  test.each<[string, avro.schema.AvroSchema]>([
    ["a union", ["null", ENUM, "float", "bytes", "int", "boolean"]],
    ["a record that contains itself", NESTED],
  ])("%s is read exactly where Avro's library reads one", (_, schema) => {
    const type = avro.Type.forSchema(schema);
    const read = createFieldsReader(type);
    fc.assert(
      fc.property(noise, (payload) => {
        const result = read(payload);
        fc.pre(result !== "beyond limits");
        expect(result !== "malformed").toBe(isReadByLibrary(type, payload));
      }),
      { seed: 4, numRuns: 5_000 },
    );
  });
});

function isReadByLibrary(type: avro.Type, payload: Buffer): boolean {
  try {
    type.fromBuffer(payload);
    return true;
  } catch {
    return false;
  }
}
