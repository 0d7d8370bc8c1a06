import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { type Reading, type SeriesChoice, StreamMemory } from "@weir/series";
import { openSeriesReader } from "@weir/streams";
import { START_US, type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import avro from "avsc";

const SCHEMA: avro.schema.AvroSchema = {
  type: "record",
  name: "Meter",
  fields: [
    { name: "timestamp", type: { type: "long", logicalType: "timestamp-micros" } as never },
    { name: "power", type: ["null", "double"] },
    {
      name: "total",
      type: { type: "bytes", logicalType: "decimal", precision: 9, scale: 3 } as never,
    },
    { name: "running", type: "boolean" },
    { name: "mode", type: { type: "enum", name: "Mode", symbols: ["ECO", "FULL"] } },
    { name: "serial", type: "string" },
    { name: "nextService", type: { type: "int", logicalType: "date" } as never },
    { name: "picture", type: "bytes" },
    {
      name: "phases",
      type: {
        type: "array",
        items: { type: "record", name: "Phase", fields: [{ name: "voltage", type: "float" }] },
      },
    },
  ],
};
const VALUE = {
  timestamp: START_US - 1_500_000,
  power: 1_250.5,
  total: Buffer.from("01e240", "hex"),
  running: true,
  mode: "ECO",
  serial: "MX-7",
  nextService: 20_900,
  picture: Buffer.from("ffd8", "hex"),
  phases: [{ voltage: 230.5 }, { voltage: 229 }],
};
const PAYLOAD = Buffer.concat([
  Buffer.from("0000000007", "hex"),
  avro.Type.forSchema(SCHEMA).toBuffer(VALUE),
]);

function openReader(folder: TemporaryFolder, series: SeriesChoice = "auto") {
  const reader = openSeriesReader(
    {
      name: "meters",
      place: { kind: "folder", folder: folder.path },
      decoder: { kind: "avro", schemas: folder.file("schemas"), framing: "confluent" },
      timeZone: null,
      series,
      statistics: false,
      historyMs: null,
    },
    60_000_000,
  );
  const memory = new StreamMemory();
  return (payload: Buffer): Reading =>
    reader.read(
      { topic: "meters/7", payload, receivedUs: START_US, retained: false, observedUs: null },
      memory.at({ segment: "s", id: 1 }),
    );
}

function writeSchema(folder: TemporaryFolder): void {
  mkdirSync(folder.file("schemas"));
  writeFileSync(folder.file("schemas/7.avsc"), JSON.stringify(SCHEMA));
}

test("an Avro record without a number has series, at its own time", () => {
  using folder = temporaryFolder();
  writeSchema(folder);
  const { points, ignored, observedUs, timeSource, family } = openReader(folder)(PAYLOAD);
  expect(Object.fromEntries(points.map(({ path, value }) => [path, value]))).toEqual({
    power: 1_250.5,
    total: 123.456,
    running: 1,
    "phases[0].voltage": 230.5,
    "phases[1].voltage": 229,
  });
  expect({ observedUs, timeSource, family }).toEqual({
    observedUs: START_US - 1_500_000,
    timeSource: "timestamp",
    family: "auto",
  });
  expect(Object.fromEntries(ignored.map(({ path, reason }) => [path, reason]))).toEqual({
    mode: "text",
    serial: "text",
    nextService: "text",
    picture: "neither a number nor a state",
  });
});

test.each([
  ["another schema", Buffer.from("0000000008", "hex"), "Avro schema unknown"],
  ["text, were it a number", Buffer.from("21.5"), "Avro framing missing"],
  ["a record that was cut off", PAYLOAD.subarray(0, 9), "not readable by its Avro schema"],
])("%s has no series, and says why", (_, payload, reason) => {
  using folder = temporaryFolder();
  writeSchema(folder);
  const { points, ignored } = openReader(folder)(payload);
  expect(points).toEqual([]);
  expect(ignored).toEqual([{ path: "", reason }]);
});

test("a folder of schemas that is missing gives no series until it is there", () => {
  using folder = temporaryFolder();
  const read = openReader(folder);
  const { points, ignored } = read(PAYLOAD);
  expect(points).toEqual([]);
  expect(ignored[0]?.reason).toMatch(/folder of Avro schemas .* cannot be read/);
  writeSchema(folder);
  expect(read(PAYLOAD).points).toHaveLength(5);
  rmSync(folder.file("schemas"), { recursive: true });
  expect(read(PAYLOAD).points).toHaveLength(5);
});
