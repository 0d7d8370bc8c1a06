import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type Framing, openDecoder } from "@weir/decoders";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import avro from "avsc";
import fc from "fast-check";
import { fingerprintOf } from "../src/avro/fingerprint.ts";

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

function open(folder: TemporaryFolder, framing: Framing, warnings: string[] = []) {
  const decoder = openDecoder({ kind: "avro", schemas: folder.path, framing }, (problem) =>
    warnings.push(problem),
  );
  return (payload: Buffer) => decoder({ topic: "t", payload }, TIMES);
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

describe("Avro", () => {
  test("has the fingerprints that its specification gives as examples", () => {
    expect(fingerprintOf('"null"')).toBe(
      Buffer.from("63dd24e7cc258f8a", "hex").reverse().toString("hex"),
    );
    expect(fingerprintOf('"int"')).toBe(
      Buffer.from("7275d51a3f395c8f", "hex").reverse().toString("hex"),
    );
  });

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

  test("is read in single-object encoding", () => {
    using folder = temporaryFolder();
    write(folder, "reading.avsc", READING);
    const decoded = open(folder, "single-object")(singleObject(TYPE, TYPE.toBuffer(SAMPLE)));
    expect(decoded.value).toBe(21.5);
  });

  test("without a number is a sound message", () => {
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
    ["nothing", Buffer.alloc(0), "empty payload"],
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

  test("follows a value that contains itself only so far", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", NESTED);
    const depths = Buffer.concat([Buffer.alloc(100_000, 2), Buffer.from([0])]);
    const { outcome } = open(folder, "confluent")(confluent(1, depths));
    expect(outcome.reason).toBe("Avro beyond limits");
  });

  test("goes on with the schemas that it knows when their folder vanishes", () => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    const decode = open(folder, "confluent");
    rmSync(folder.path, { recursive: true });
    expect(decode(confluent(7, TYPE.toBuffer(SAMPLE))).value).toBe(21.5);
    expect(decode(confluent(9, TYPE.toBuffer(SAMPLE))).outcome.reason).toBe("Avro schema unknown");
  });

  test("cannot begin without its folder, and says what to do", () => {
    using folder = temporaryFolder();
    rmSync(folder.path, { recursive: true });
    expect(() => open(folder, "confluent")).toThrow(/folder of Avro schemas .* cannot be read/);
  });

  test("tells of a file that is no schema, and goes on with the others", () => {
    using folder = temporaryFolder();
    write(folder, "7.avsc", READING);
    writeFileSync(folder.file("8.avsc"), "{");
    const warnings: string[] = [];
    const decode = open(folder, "confluent", warnings);
    expect(warnings).toEqual([expect.stringContaining("8.avsc is no Avro schema")]);
    expect(decode(confluent(7, TYPE.toBuffer(SAMPLE))).value).toBe(21.5);
  });

  test("never throws, whatever stands behind the framing", () => {
    using folder = temporaryFolder();
    write(folder, "1.avsc", READING);
    write(folder, "2.avsc", NESTED);
    write(folder, "3.avsc", { type: "map", values: ["null", "long", NULLS, "bytes"] });
    const decode = open(folder, "confluent");
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 100 }), (id, body) => {
        expect(decode(confluent(id, Buffer.from(body))).outcome).toBeDefined();
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
