import { expect, test } from "@jest/globals";
import avro from "avsc";
import { fingerprintOf } from "../src/avro-schemas.ts";

const NAMED: avro.schema.AvroSchema = {
  type: "record",
  name: "Reading",
  namespace: "weir.test",
  doc: "not part of the canonical form",
  fields: [
    { name: "number", type: "double", default: 0 },
    { name: "epochtime", type: ["null", { type: "long", logicalType: "timestamp-micros" }] },
    { name: "kind", type: { type: "enum", name: "Kind", symbols: ["A", "B"] } },
    { name: "bytes", type: { type: "fixed", name: "other.F", size: 4 } },
    { name: "self", type: ["null", "Reading"] },
    { name: "kinds", type: { type: "map", values: { type: "array", items: "Kind" } } },
  ],
};

// The first two are examples of the specification, the others what fastavro 1.12.2 makes of them.
test.each<[string, avro.schema.AvroSchema, string]>([
  ["null", "null", "8a8f25cce724dd63"],
  ["an int", "int", "8f5c393f1ad57572"],
  ["a union", ["null", { type: "array", items: ["null", { type: "bytes" }] }], "c1982d17e8f99823"],
  ["a record with names", NAMED, "05c3a4537824605a"],
])("the fingerprint of %s is the one that others compute", (_, schema, fingerprint) => {
  const canonical = JSON.stringify(avro.Type.forSchema(schema).schema());
  expect(fingerprintOf(canonical)).toBe(fingerprint);
});
