import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readStreams } from "@weir/streams";
import { problemsOf, streamsOf } from "./fixture.ts";

const named = (text: string, name: string, environment = {}) =>
  streamsOf(text, environment).streams.find((stream) => stream.name === name);

describe("streams", () => {
  test("are data and devices where there is no weir.yaml", () => {
    const { streams, file } = readStreams({ WEIR_FILE: "" });
    expect(file).toBeNull();
    expect(streams).toMatchObject([
      {
        name: "data",
        filters: ["DATA"],
        decoder: { kind: "reading" },
        place: { kind: "file", file: "data/weir.db" },
        rotationMs: null,
        retention: { ageMs: 35 * 60_000 },
      },
      {
        name: "devices",
        filters: ["devices/#", "losant/#"],
        place: { kind: "folder", folder: "data/devices" },
        rotationMs: 86_400_000,
        retention: { ageMs: 7 * 86_400_000 },
      },
    ]);
  });

  test("are refused where a weir.yaml was asked for that is not there", () => {
    expect(() => readStreams({ WEIR_FILE: "nowhere/weir.yaml" })).toThrow("is not there");
  });

  test("take over what is written of them, and leave the rest as it is", () => {
    const text = `
streams:
  devices: { exclude: [devices/+/log/debug], retention: { size: 1.5GB } }
  kitchen:
    filters: [home/kitchen/#]
    qos: 0
    retained: skip
    decoder: { avro: { schemas: schemas, framing: confluent } }
    filter: filters/kitchen.ts
    folder: kitchens
    rotation: 90s
    retention: { age: 2h, freeDisk: 1GiB }
    batch: { rows: 7, delay: 5ms }
    connection: own`;
    expect(named(text, "devices")).toMatchObject({
      filters: ["devices/#", "losant/#"],
      exclude: ["devices/+/log/debug"],
      retention: { ageMs: 7 * 86_400_000, bytesMax: 1.5e9 },
    });
    expect(named(text, "kitchen")).toEqual({
      name: "kitchen",
      filters: ["home/kitchen/#"],
      exclude: [],
      qos: 0,
      retained: "skip",
      decoder: {
        kind: "avro",
        schemas: expect.stringMatching(/^\/.*\/schemas$/),
        framing: "confluent",
      },
      filterFile: expect.stringMatching(/^\/.*\/filters\/kitchen\.ts$/),
      place: { kind: "folder", folder: resolve("data/kitchens") },
      rotationMs: 90_000,
      retention: { ageMs: 7_200_000, bytesMax: null, freeDiskBytesMin: 2 ** 30 },
      batch: { rowsMax: 7, delayMs: 5 },
      broker: "default",
      connection: "own",
    });
  });

  test("are taken out by enabled: false", () => {
    const { streams } = streamsOf("streams: { devices: { enabled: false } }");
    expect(streams.map(({ name }) => name)).toEqual(["data"]);
  });

  test("follow the environment first, then weir.yaml, then the defaults", () => {
    const text = "streams: { data: { retention: { age: 2h }, batch: { rows: 9 } } }";
    expect(named(text, "data")).toMatchObject({
      retention: { ageMs: 7_200_000 },
      batch: { rowsMax: 9, delayMs: 40 },
    });
    const environment = { LOGGER_RETENTION_MINUTES: "50", LOGGER_BATCH_ROWS_MAX: "8" };
    expect(named(text, "data", environment)).toMatchObject({
      retention: { ageMs: 3_000_000 },
      batch: { rowsMax: 8 },
    });
  });

  test("know further brokers, whose passwords come from elsewhere", () => {
    const text = `
brokers:
  a: { url: "mqtts://a", username: u, passwordVariable: A_PASSWORD }
  b: { url: "ws://b:9001/mqtt", passwordFile: secret }
streams: { barn: { filters: [barn/#], broker: a } }`;
    const { brokers } = streamsOf(text, { A_PASSWORD: "one" }, (folder) =>
      writeFileSync(folder.file("secret"), "two\n"),
    );
    expect(brokers).toMatchObject({
      default: { url: "mqtt://localhost" },
      a: { url: "mqtts://a", username: "u", password: "one" },
      b: { url: "ws://b:9001/mqtt", username: null, password: "two" },
    });
  });
});

describe("a weir.yaml that is wrong", () => {
  test("has every problem named with its line, value and remedy", () => {
    const text = `streams:
  a:
    filtres: [x]
    filters: ["a/#/b"]
    rotation: 5
    retention: { age: 3 days, size: 10 }
  b/c: {}
brokers:
  x: { url: "http://x", password: hidden }
`;
    const problems = problemsOf(text);
    expect(problems).toEqual(
      expect.arrayContaining([
        "weir.yaml:3: streams.a.filtres: there is no such key; config/weir.example.yaml has them all",
        expect.stringMatching(/^weir.yaml:4: streams.a.filters.0 "a\/#\/b": /),
        "weir.yaml:5: streams.a.rotation 5: a duration has a unit: 90s, 35m, 12h, 7d",
        expect.stringMatching(/^weir.yaml:6: streams.a.retention.age "3 days": a duration is/),
        "weir.yaml:6: streams.a.retention.size 10: a size has a unit: 500MB, 10GB, 1GiB",
        expect.stringMatching(/^weir.yaml:7: streams.b\/c: a name is/),
        expect.stringMatching(/^weir.yaml:9: brokers.x.url "http:\/\/x": it begins with/),
        "weir.yaml:9: brokers.x.password: secrets do not stand here; use passwordFile or passwordVariable",
      ]),
    );
    expect(problems).toHaveLength(8);
    expect(problems.join()).not.toContain("hidden");
  });

  test.each([
    ["streams: [", "weir.yaml:1"],
    ["streams: { a: { } }", "streams.a.filters: it has none"],
    ["streams: { a: { filters: [x], broker: gone } }", '"gone" is not under brokers'],
    ["streams: { a: { filters: [x], folder: devices } }", "is the place of the stream devices"],
    ["streams: { a: { filters: [x], folder: devices/in } }", "lies in it"],
    ["streams: { data: { rotation: 1d } }", "has neither folder nor rotation"],
    ["streams: { data: { retention: { age: 10m } } }", "make it at least 31"],
    ["streams: { a: { filters: [x], rotation: 10ms } }", "it is at least 1s"],
    ["streams: { a: { filters: [$share/g/x] } }", "streams.a.filters.0"],
    ["streams: { data: { enabled: false }, devices: { enabled: false } }", "none is enabled"],
    ["brokers: { default: { url: 'mqtt://x' } }", "the broker of the environment"],
    ["brokers: { a: { url: 'mqtt://x', passwordVariable: NOT_SET } }", "NOT_SET"],
  ])("such as %s is told so", (text, problem) => {
    expect(problemsOf(text).join("\n")).toContain(problem);
  });

  test("is not blown up by aliases of aliases", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below = level === 0 ? "x" : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array.from({ length: 10 }, () => below).join(", ")}]`;
    });
    expect(problemsOf(levels.join("\n")).join()).toMatch(/alias/i);
  });
});
