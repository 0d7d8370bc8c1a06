import { describe, expect, test } from "@jest/globals";
import { problemsOf } from "./fixture.ts";

const listOf = (count: number, entry: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => entry(index)).join(", ");

describe("a weir.yaml that is wrong", () => {
  test("has every problem named with its line, value and remedy", () => {
    const text = `streams:
  a:
    filtres:
      - x
    filters: ["a/#/b"]
    rotation: 5
    retention: { age: 3 days, size: 10 }
    decoder: { avro: { schemas: s, framing: other } }
  b/c: {}
  4: { qos: 2, enabled: "no" }
brokers:
  x: { url: "http://x", password: hidden }
`;
    const problems = problemsOf(text);
    expect(problems).toEqual(
      expect.arrayContaining([
        "weir.yaml:3: streams.a.filtres: there is no such key; did you mean filters? (config/weir.example.yaml has them all)",
        'weir.yaml:5: streams.a.filters.0 "a/#/b": # may only be the last level',
        "weir.yaml:6: streams.a.rotation 5: a duration is a whole number with a unit: 20ms, 90s, 35m, 12h, 7d",
        expect.stringMatching(/^weir.yaml:7: streams.a.retention.age "3 days": a duration is/),
        "weir.yaml:7: streams.a.retention.size 10: a size is a number with a unit: 500MB, 10GB, 1.5GiB",
        'weir.yaml:8: streams.a.decoder.avro.framing "other": it must be one of single-object, confluent',
        expect.stringMatching(/^weir.yaml:9: streams.b\/c: a name is/),
        "weir.yaml:10: streams.4.qos 2: it must be 0 or 1",
        'weir.yaml:10: streams.4.enabled "no": it must be true or false',
        expect.stringMatching(/^weir.yaml:12: brokers.x.url "http:\/\/x": it must be a URL/),
        expect.stringMatching(/^weir.yaml:12: brokers.x.password: no password .*passwordFile/),
      ]),
    );
    expect(problems).toHaveLength(11);
  });

  test.each([
    ["Europe/Berlni", "; did you mean Europe/Berlin?"],
    ["+01:00", ""],
    ["Nowhere", ""],
    ["", ""],
  ])("names a time zone that there is not: %j", (timeZone, suggestion) => {
    const text = `streams: { a: { filters: [a], timeZone: ${JSON.stringify(timeZone)} } }`;
    expect(problemsOf(text)).toEqual([
      `weir.yaml:1: streams.a.timeZone ${JSON.stringify(timeZone)}: there is no such time zone; give a name of the IANA database: Europe/Berlin, UTC${suggestion}`,
    ]);
  });

  test("names a time zone that is no text", () => {
    expect(problemsOf("streams: { a: { filters: [a], timeZone: 1 } }")).toEqual([
      "weir.yaml:1: streams.a.timeZone 1: it must be the name of a time zone: Europe/Berlin, UTC",
    ]);
  });

  test("has what its streams do not agree on named with lines, too", () => {
    const text = `streams:
  data:
    rotation: 1d
    retention:
      age: 10m
  a:
    filters: [x]
    broker: gone
  b:
    filters: [x]
    folder: devices/in
  A:
    filters: [y]
`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^weir.yaml:3: streams.data.rotation "1d": the statistics follow/),
      'weir.yaml:5: streams.data.retention.age "10m": it is shorter than the longest window and the clock skew; make it at least 31m',
      'weir.yaml:8: streams.a.broker "gone": "gone" is not under brokers; add it there, or name one of default',
      expect.stringMatching(/^weir.yaml:11: streams.b.folder "devices\/in": .* lie in one another/),
      "weir.yaml:12: streams.A: there is also a; two names must differ in more than capitals",
    ]);
  });

  test("has what is wrong in form and what its streams do not agree on named together, in its order", () => {
    const text = `streams:
  data:
    retenton: { size: 1GB }
    rotation: 1d
  a:
    qos: 2
    broker: gone
  b:
    filters: [x, "a/#/b"]
    folder: devices/in
    batch: { rows: 0 }
  A:
    filters: [y]
    decoder: protobuf
brokers:
  barn: { url: "mqtt://barn", usrname: me, passwordVariable: NOT_SET }
performance: { interval: 5 }
`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^weir.yaml:3: streams.data.retenton: there is no such key; did you/),
      expect.stringMatching(/^weir.yaml:4: streams.data.rotation "1d": the statistics follow/),
      "weir.yaml:5: streams.a: it has no filters; name the topics that it takes",
      "weir.yaml:6: streams.a.qos 2: it must be 0 or 1",
      'weir.yaml:7: streams.a.broker "gone": "gone" is not under brokers; add it there, or name one of default, barn',
      'weir.yaml:9: streams.b.filters.1 "a/#/b": # may only be the last level',
      expect.stringMatching(/^weir.yaml:10: streams.b.folder "devices\/in": .* lie in one another/),
      "weir.yaml:11: streams.b.batch.rows 0: it must be a whole number from 1 to 50000",
      "weir.yaml:12: streams.A: there is also a; two names must differ in more than capitals",
      expect.stringMatching(/^weir.yaml:14: streams.A.decoder "protobuf": it must be one of/),
      expect.stringMatching(/^weir.yaml:16: brokers.barn.usrname "me": there is no such key/),
      expect.stringMatching(/^weir.yaml:16: brokers.barn.passwordVariable: the variable NOT_/),
      expect.stringMatching(/^weir.yaml:17: performance.interval 5: a duration is/),
    ]);
  });

  test.each([
    ["a misspelled filters", "a: { filtres: [x] }", "filtres"],
    ["filters that are none", "a: { filters: ['a/#/b'] }", "filters.0"],
    [
      "a folder that is none",
      "a: { filters: [x], folder: 5 }, b: { filters: [y], folder: a }",
      "a.f",
    ],
    [
      "a stream that may be out",
      "a: { filters: [x], folder: z, enabled: no }, b: { filters: [y], folder: z }",
      "enabled",
    ],
  ])("is not reported for what only follows from %s", (_, streams, problem) => {
    expect(problemsOf(`streams: { ${streams} }`)).toEqual([expect.stringContaining(problem)]);
  });

  test("is not reported for a default in place of what is wrong", () => {
    const problems = problemsOf("streams: { data: { retention: { age: 5 } } }", {
      LOGGER_CLOCK_SKEW_SECONDS: "3600",
    });
    expect(problems).toEqual([expect.stringContaining("retention.age 5: a duration is")]);
  });

  test("is not reported for a missing broker that exists, and is wrong", () => {
    const text = `streams: { a: { filters: [x], broker: barn } }
brokers: { barn: { url: "http://barn" } }`;
    expect(problemsOf(text)).toEqual([expect.stringContaining("brokers.barn.url")]);
  });

  test("is reported together with wrong settings", () => {
    const problems = problemsOf("streams: { a: { qos: 2 } }", { LOGGER_BATCH_ROWS_MAX: "many" });
    expect(problems).toEqual([
      expect.stringContaining("LOGGER_BATCH_ROWS_MAX"),
      expect.stringContaining("streams.a.qos"),
    ]);
  });

  test("does not show what may be secret", () => {
    const text = `
brokers:
  a: { url: "mqtt://me:hidden@a" }
  b: { url: "http://me:hidden@b", password: hidden, passwordFile: [hidden] }`;
    expect(problemsOf(text)).toHaveLength(4);
    expect(problemsOf(text).join()).not.toContain("hidden");
  });

  test.each([
    ["streams: [", "weir.yaml:1"],
    ["hello", "weir.yaml: it must be keys"],
    ["streams: {}\n---\nstreams: {}", "weir.yaml:2: a second document"],
    ["streams: { a: { filters: [!own x] } }", "tag"],
    ["streams: { a: { filters: [x] }, a: { filters: [y] } }", "a second time"],
    ["streams: { a: }", "streams.a: it must be"],
    ["streams: { a: { } }", "streams.a: it has no filters"],
    ["streams: { a: { filters: x } }", "it must be a list"],
    ["streams: { a: { filters: [x], broker: toString } }", "is not under brokers"],
    ["streams: { a: { filters: [x], folder: devices } }", "lie in one another"],
    ["streams: { a: { filters: [x], folder: weir.db } }", "streams.a.folder"],
    ["streams: { a: { filters: [x], folder: . } }", "streams.a.folder"],
    ["streams: { data: { folder: data } }", "streams.data.folder"],
    ["streams: { a: { filters: [x], rotation: 10ms } }", "from 1s to 366d"],
    ["streams: { a: { filters: [x], rotation: 999999999d } }", "from 1s to 366d"],
    ["streams: { a: { filters: [x], retention: { age: 0s } } }", "retention.age"],
    ["streams: { a: { filters: [x], retention: { size: 0MB } } }", "from 1MB"],
    ["streams: { a: { filters: [x], history: 59m } }", "streams.a.history"],
    ["streams: { a: { filters: [x], history: 59m } }", "from 1h to 36500d"],
    ["streams: { a: { filters: [x], history: 400 } }", "it must be forever, off, or a duration"],
    ["streams: { a: { filters: [x], history: never } }", "it must be forever, off, or a duration"],
    ["streams: { a: { filters: [x], archive: { after: 59m } } }", "from 1h to 36500d"],
    ["streams: { a: { filters: [x], archive: { } } }", "streams.a.archive.after"],
    ["streams: { data: { archive: { after: 2d } } }", "only closed segments are archived"],
    ["streams: { a: { filters: [x], batch: { delay: 11s, rows: 0 } } }", "from 0ms to 10s"],
    ["streams: { a: { filters: [x], batch: { rows: 1.5 } } }", "from 1 to 50000"],
    ["performance: { interval: 60d }", "from 1s to 1h"],
    ["streams: { a: { filters: [$share/g/x] } }", "shared subscriptions"],
    ["streams: { a: { filters: [x], decoder: protobuf } }", "avro with schemas and framing"],
    ["streams: { data: { enabled: false }, devices: { enabled: false } }", "none is enabled"],
    ["streams: { '..': { filters: [x] } }", "begins with a letter or digit"],
    ["streams: { __proto__: { filters: [x] } }", "__proto__ is not allowed"],
    ["streams: { constructor: { filters: [x] } }", "constructor, are no names; choose another"],
    ["brokers: { valueOf: { url: 'mqtt://x' } }", "constructor, are no names; choose another"],
    ["brokers: { a: { url: 'mqtt://x', passwordVariable: toString } }", "toString is not set"],
    ["brokers: { default: { url: 'mqtt://x' } }", "the broker of the environment"],
    ["brokers: { a: { url: 'mqtt://x', passwordVariable: NOT_SET } }", "NOT_SET is not set"],
    ["brokers: { a: { url: 'mqtt://x', passwordFile: gone } }", "brokers.a.passwordFile"],
    ["brokers: { a: { url: 'mqtt://x', passwordFile: a, passwordVariable: B } }", "two sources"],
    ["brokers: { a: { url: 'mqtts://x', ca: gone } }", 'brokers.a.ca "gone": it cannot be read'],
    ["brokers: { a: { url: 'mqtts://x', ca: weir.yaml } }", "it holds no certificate in PEM"],
    ["brokers: { a: { url: 'mqtts://x', certificate: gone, key: gone } }", "brokers.a.key"],
    [`streams: { ${listOf(201, (index) => `s${index}: { filters: [x] }`)} }`, "at most 200"],
    [`streams: { a: { filters: [${listOf(101, (index) => `x${index}`)}] } }`, "at most 100"],
    [
      `streams: { ${listOf(21, (one) => `s${one}: { filters: [${listOf(100, (two) => `x/${two}`)}] }`)} }`,
      "2000 in all",
    ],
  ])("such as %s is reported", (text, problem) => {
    expect(problemsOf(text).join("\n")).toContain(problem);
  });
});
