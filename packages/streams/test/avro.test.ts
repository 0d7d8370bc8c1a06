import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type DecoderSpec, openDecoder } from "@weir/streams";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import avro from "avsc";
import { fingerprintOf } from "../src/avro-schemas.ts";

const TIMES = { receivedUs: 1_800_000_000_000_000, skewUs: 60_000_000 };

const READING: avro.schema.AvroSchema = {
  type: "record",
  name: "Reading",
  fields: [
    { name: "number", type: "double" },
    { name: "epochtime", type: ["null", "long"] },
    { name: "tags", type: { type: "array", items: "string" } },
  ],
};
const TYPE = avro.Type.forSchema(READING);
const SAMPLE = { number: 21.5, epochtime: 1_700_000_000, tags: ["a", "b"] };

const NESTED = {
  type: "record",
  name: "Nested",
  fields: [{ name: "inner", type: ["null", "Nested"] }],
} as const;
const NULLS = { type: "array", items: "null" } as const;

function open(
  folder: TemporaryFolder,
  framing: Extract<DecoderSpec, { kind: "avro" }>["framing"],
  warnings: string[] = [],
) {
  const decoder = openDecoder({ kind: "avro", schemas: folder.path, framing }, (problem) =>
    warnings.push(problem),
  );
  return (payload: Buffer, receivedUs = TIMES.receivedUs) =>
    decoder({ topic: "t", payload }, { ...TIMES, receivedUs });
}

function write(folder: TemporaryFolder, name: string, schema: unknown): void {
  writeFileSync(folder.file(name), JSON.stringify(schema));
}

function confluent(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, body]);
}

function singleObject(schema: avro.Type, body: Buffer): Buffer {
  const fingerprint = fingerprintOf(JSON.stringify(schema.schema()));
  return Buffer.concat([Buffer.from("c301", "hex"), Buffer.from(fingerprint, "hex"), body]);
}

/** Later by as much as it takes before the folder is looked into again. */
const LATER_US = TIMES.receivedUs + 1_000_000;

describe("Avro", () => {
  test("is read in Confluent's wire format", () => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    const decoded = open(folder, "confluent")(confluent(7, TYPE.toBuffer(SAMPLE)));
    expect(decoded).toMatchObject({
      outcome: { kind: "reading" },
      value: 21.5,
      observedUs: 1_700_000_000_000_000,
    });
  });

  test("has schemas read without a byte order mark and NULs around them", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("7.avsc"), `\uFEFF${JSON.stringify(READING)}\0`);
    const decoded = open(folder, "confluent")(confluent(7, TYPE.toBuffer(SAMPLE)));
    expect(decoded.value).toBe(21.5);
  });

  test("is read in single-object encoding", () => {
    using folder = temporaryFolder();
    write(folder, "reading.avsc", READING);
    const decoded = open(folder, "single-object")(singleObject(TYPE, TYPE.toBuffer(SAMPLE)));
    expect(decoded.value).toBe(21.5);
  });

  test.each<[string, avro.schema.AvroSchema, unknown, number]>([
    ["may be null", ["null", "float"], 0.5, 0.5],
    ["is an int or a double", ["int", "double"], { double: 0.5 }, 0.5],
    ["is text", "string", "0.5", 0.5],
    ["is an int", "int", -3, -3],
  ])("is a reading when its number %s", (_, type, number, value) => {
    using folder = temporaryFolder();
    const schema: avro.schema.AvroSchema = {
      type: "record",
      name: "R",
      fields: [{ name: "number", type }],
    };
    write(folder, "1.avsc", schema);
    const body = avro.Type.forSchema(schema).toBuffer({ number });
    expect(open(folder, "confluent")(confluent(1, body)).value).toBe(value);
  });

  test("has the sequence of an outbox; fields that are null are not there", () => {
    using folder = temporaryFolder();
    const schema: avro.schema.AvroSchema = {
      type: "record",
      name: "R",
      fields: [
        { name: "number", type: ["null", "double"] },
        { name: "publisher", type: ["null", "string"] },
        { name: "epoch", type: { type: "enum", name: "E", symbols: ["e1", "e2"] } },
        { name: "seq", type: "long" },
      ],
    };
    write(folder, "1.avsc", schema);
    const decode = open(folder, "confluent");
    const type = avro.Type.forSchema(schema);
    const sequence = { publisher: "p", epoch: "e2", seq: 2 ** 52 };
    const sequenced = decode(confluent(1, type.toBuffer({ number: null, ...sequence })));
    expect(sequenced).toMatchObject({ outcome: { kind: "message" }, sequence });
    const bare = { number: 1, publisher: null, epoch: "e1", seq: 1 };
    expect(decode(confluent(1, type.toBuffer(bare)))).toMatchObject({
      outcome: { reason: "time missing or unreadable" },
      sequence: null,
    });
  });

  test("keeps its reading beside a long that no double holds", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", {
      type: "record",
      name: "R",
      fields: [
        { name: "nanoseconds", type: "long" },
        { name: "number", type: "int" },
      ],
    });
    // The longest encoding there is: -2^63.
    const body = Buffer.from("ffffffffffffffffff0154", "hex");
    expect(open(folder, "confluent")(confluent(1, body)).value).toBe(42);
  });

  test("is a reading also as a map", () => {
    using folder = temporaryFolder();
    const schema = { type: "map", values: "double" } as const;
    write(folder, "1.avsc", schema);
    const body = avro.Type.forSchema(schema).toBuffer({ other: 1, number: 2 });
    expect(open(folder, "confluent")(confluent(1, body)).value).toBe(2);
  });

  test("without a number is a valid message", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", "string");
    const type = avro.Type.forSchema("string");
    const { outcome } = open(folder, "confluent")(confluent(1, type.toBuffer("moo")));
    expect(outcome.reason).toBe("Avro without a single reading");
  });

  test.each([
    ["an unknown schema", confluent(8, TYPE.toBuffer(SAMPLE)), "Avro schema unknown"],
    ["no framing", Buffer.from("moo moo"), "Avro framing missing"],
    [
      "a truncated value",
      confluent(7, TYPE.toBuffer(SAMPLE).subarray(0, 5)),
      "not readable by its Avro schema",
    ],
    [
      "bytes behind the value",
      confluent(7, Buffer.concat([TYPE.toBuffer(SAMPLE), Buffer.from([1])])),
      "not readable by its Avro schema",
    ],
    ["nothing", Buffer.alloc(0), "empty message"],
  ])("is rejected with %s", (_, payload, reason) => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    expect(open(folder, "confluent")(payload).outcome.reason).toBe(reason);
  });

  test("does not believe a few bytes that claim 2^40 values", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", NULLS);
    const count = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x00]);
    const { outcome } = open(folder, "confluent")(confluent(1, count));
    expect(outcome.reason).toBe("Avro beyond limits");
  });

  test("is beyond limits with more values than are taken, honest ones too", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", NULLS);
    write(folder, "2.avsc", { type: "array", items: "boolean" });
    const decode = open(folder, "confluent");
    const nulls = avro.Type.forSchema(NULLS);
    const booleans = avro.Type.forSchema({ type: "array", items: "boolean" });
    const pair: avro.schema.AvroSchema = {
      type: "array",
      items: {
        type: "record",
        name: "Pair",
        fields: [
          { name: "a", type: "boolean" },
          { name: "b", type: "boolean" },
        ],
      },
    };
    write(folder, "3.avsc", pair);
    const pairs = avro.Type.forSchema(pair);
    const reasonOf = (id: number, type: avro.Type, value: unknown): string =>
      decode(confluent(id, type.toBuffer(value))).outcome.reason;
    expect(reasonOf(1, nulls, Array(1_000).fill(null))).toBe("Avro without a single reading");
    expect(reasonOf(1, nulls, Array(1_001).fill(null))).toBe("Avro beyond limits");
    expect(reasonOf(2, booleans, Array(99_999).fill(true))).toBe("Avro without a single reading");
    expect(reasonOf(2, booleans, Array(100_000).fill(true))).toBe("Avro beyond limits");
    expect(reasonOf(3, pairs, Array(40_000).fill({ a: true, b: true }))).toBe("Avro beyond limits");
  });

  test("follows a value that contains itself only so far", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", NESTED);
    const depths = Buffer.concat([Buffer.alloc(100_000, 2), Buffer.from([0])]);
    const { outcome } = open(folder, "confluent")(confluent(1, depths));
    expect(outcome.reason).toBe("Avro beyond limits");
  });

  test("goes on with the schemas that it knows when their folder vanishes, and warns once", () => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    const warnings: string[] = [];
    const decode = open(folder, "confluent", warnings);
    rmSync(folder.path, { recursive: true });
    expect(decode(confluent(7, TYPE.toBuffer(SAMPLE))).value).toBe(21.5);
    expect(decode(confluent(9, TYPE.toBuffer(SAMPLE)), LATER_US).outcome.reason).toBe(
      "Avro schema unknown",
    );
    expect(warnings).toEqual([
      expect.stringMatching(/cannot be read any more: .* bring the folder/),
    ]);

    mkdirSync(folder.path);
    write(folder, "9.avsc", READING);
    const muchLaterUs = 2 * LATER_US;
    expect(decode(confluent(9, TYPE.toBuffer(SAMPLE)), muchLaterUs).value).toBe(21.5);
    expect(warnings).toHaveLength(1);
  });

  test("finds schemas that come or change while messages do", () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("1.avsc"), "{");
    const decode = open(folder, "confluent");
    const payload = (id: number) => confluent(id, TYPE.toBuffer(SAMPLE));
    expect([1, 2].map((id) => decode(payload(id)).value)).toEqual([null, null]);
    write(folder, "1.avsc", READING);
    write(folder, "2.avsc", READING);
    expect([1, 2].map((id) => decode(payload(id), LATER_US).value)).toEqual([21.5, 21.5]);
  });

  test("cannot begin without its folder, and says what to do", () => {
    using folder = temporaryFolder();
    rmSync(folder.path, { recursive: true });
    expect(() => open(folder, "confluent")).toThrow(/folder of Avro schemas .* cannot be read/);
  });

  test("warns of a file that is no schema, and continues with the others", () => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    writeFileSync(folder.file("8.avsc"), "{");
    const warnings: string[] = [];
    const decode = open(folder, "confluent", warnings);
    expect(warnings).toEqual([expect.stringMatching(/8\.avsc is no Avro schema/)]);
    expect(decode(confluent(7, TYPE.toBuffer(SAMPLE))).value).toBe(21.5);
  });
});
