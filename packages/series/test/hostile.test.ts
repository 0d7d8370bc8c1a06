import { expect, test } from "@jest/globals";
import { FAMILIES, POINTS_MAX, SeriesReader, StreamMemory } from "@weir/series";
import { START_US } from "@weir/testkit";
import fc from "fast-check";

const reader = new SeriesReader({
  series: "auto",
  skewUs: 60_000_000,
  timeZone: null,
  document: null,
});
const memory = new StreamMemory();
/** Topics of every family, with levels that fit several. */
const TOPICS = [
  "home/any",
  "devices/x/state",
  "zigbee2mqtt/bridge/devices",
  "zigbee2mqtt/plug",
  "tele/plug/SENSOR",
  "shellyplus1-aabbcc/events/rpc",
  "spBv1.0/group/DBIRTH/node/device",
  "homie/5/device/$description",
  "homeassistant/sensor/x/config",
  "application/1/device/70b3d57ed0aabb01/event/up",
  "v3/app@ttn/devices/d/up",
  "v1/gateway/telemetry",
  "owntracks/user/phone",
  "rtl_433/host/events",
  "N/1234/battery/0/Soc",
];

function read(topic: string, payload: Buffer) {
  const source = { topic, payload, receivedUs: START_US, retained: false, observedUs: null };
  return reader.read(source, memory.at({ segment: "s", id: 1 }));
}

test("any bytes on any topic give a reading within its limits", () => {
  const text = fc.oneof(fc.json({ maxDepth: 6 }), fc.string(), fc.lorem());
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    text.map((given) => Buffer.from(given)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...TOPICS), payload, (topic, bytes) => {
      const reading = read(topic, bytes);
      expect(reading.points.length).toBeLessThanOrEqual(POINTS_MAX);
      for (const { value, observedUs } of reading.points) {
        expect(Number.isFinite(value)).toBe(true);
        expect(Number.isSafeInteger(observedUs)).toBe(true);
      }
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  [
    "10,000 attributes",
    JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`a${i}`, i]))),
  ],
  ["depth 1,000", `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`],
  ["an array within arrays", `${"[".repeat(1_000)}1${"]".repeat(1_000)}`],
  ["a key of 100,000 characters", JSON.stringify({ ["k".repeat(100_000)]: 1 })],
])("%s is cut, and says so", (_, payload) => {
  for (const topic of TOPICS) {
    const reading = read(topic, Buffer.from(payload));
    expect(reading.points.length).toBeLessThanOrEqual(POINTS_MAX);
  }
  const reading = read("home/any", Buffer.from(payload));
  expect(reading.isCut).toBe(true);
  expect(reading.ignored.length).toBeGreaterThan(0);
});

test("the names of an object's own machinery are names like any other", () => {
  const reading = read("home/any", Buffer.from('{"__proto__":1,"constructor":2,"toString":3}'));
  expect(reading.points.map(({ path, value }) => [path, value])).toEqual([
    ["__proto__", 1],
    ["constructor", 2],
    ["toString", 3],
  ]);
});

test("a text of a megabyte is no series", () => {
  const reading = read("home/any", Buffer.from(JSON.stringify({ a: "1".repeat(1_000_000) })));
  expect(reading.points).toEqual([]);
  expect(reading.isCut).toBe(true);
});

test("what a payload says of its series is limited as the series are", () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`a${i}`, i]));
  const unit = "u".repeat(100_000);
  for (const given of [many, { ["k".repeat(1_000)]: 1 }, { long: { value: 1, unit } }]) {
    const uplink = { decoded_payload: given, received_at: "2026-11-27T08:30:00Z" };
    const payload = JSON.stringify({ uplink_message: uplink });
    const { points, metadata } = read("v3/app@ttn/devices/d/up", Buffer.from(payload));
    expect(points.length).toBeGreaterThan(0);
    const paths = new Set(points.map(({ path }) => path));
    expect(metadata.filter(({ path }) => !paths.has(path))).toEqual([]);
    const texts = metadata.flatMap(({ about }) => Object.values(about) as string[]);
    expect(texts.filter(({ length }) => length > 256)).toEqual([]);
  }
});

test("a topic of 65 kB has no series, and what is not read is named in short", () => {
  const reading = read("t".repeat(65_535), Buffer.from('{"power":1}'));
  expect(reading.points).toEqual([]);
  expect(reading).toMatchObject({ isCut: true, ignored: [{ reason: "the topic is too long" }] });
  const key = "k".repeat(100_000);
  const { ignored } = read("home/any", Buffer.from(JSON.stringify({ [key]: "text" })));
  expect(ignored).toEqual([{ path: `${key.slice(0, 32)}…`, reason: "text" }]);
});

test("no family is asked, and nothing kept, for a topic of 65 kB", () => {
  const asked: string[] = [];
  const matches = (topic: string) => {
    asked.push(topic);
    return false;
  };
  const own = new SeriesReader({
    ...{ series: "auto", skewUs: 0, timeZone: null, document: null },
    families: [{ name: "any", matches, read: () => false }],
  });
  for (const topic of ["t".repeat(65_535), "short"]) {
    const source = { topic, payload: Buffer.from("1"), receivedUs: START_US, retained: false };
    own.read({ ...source, observedUs: null }, memory.at({ segment: "s", id: 1 }));
  }
  expect(asked).toEqual(["short"]);
});

test("families have names of their own", () => {
  expect(new Set(FAMILIES.map(({ name }) => name)).size).toBe(FAMILIES.length);
});
