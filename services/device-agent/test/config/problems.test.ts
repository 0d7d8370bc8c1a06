import { describe, expect, test } from "@jest/globals";
import { problemsOf } from "./fixture.ts";

describe("an agent.yaml that is wrong", () => {
  test("has every problem of its shape named with line, value and remedy", () => {
    const text = `intervall: 10s
interval: 10
sources:
  a/b: { source: system }
  drive:
    source: space_usage
    active: "no"
    deadband: { absolute: 1, relative: 5% }
  walk:
    deadband: { relative: 5 }
    maxSilence: 0s
    delivery: { class: alarm, ttl: 1s }
  window: { source: system, delivery: { class: urgent } }
commands: { alow: [describe] }
sandbox: { quota: 5 }
homeAssistant: { prefix: a/+ }
seed: -1
`;
    const problems = problemsOf(text);
    expect(problems).toEqual(
      expect.arrayContaining([
        'agent.yaml:1: intervall "10s": there is no such key; did you mean interval? (config/agent.example.yaml has them all)',
        "agent.yaml:2: interval 10: a duration is a whole number with a unit: 20ms, 90s, 35m, 12h, 7d",
        "agent.yaml:4: sources.a/b: a name is 1 to 64 letters, digits, dots, underscores or hyphens",
        'agent.yaml:7: sources.drive.active "no": it must be true or false',
        "agent.yaml:8: sources.drive.deadband: it has either absolute or relative",
        expect.stringMatching(/^agent.yaml:9: sources.walk.source: a name is/),
        expect.stringMatching(
          /^agent.yaml:10: sources.walk.deadband.relative 5: it must be a share/,
        ),
        'agent.yaml:11: sources.walk.maxSilence "0s": it must be from 1s to 366d',
        expect.stringMatching(/^agent.yaml:12: sources.walk.delivery.ttl "1s": events have one/),
        'agent.yaml:13: sources.window.delivery.class "urgent": it must be one of telemetry, event, alarm',
        expect.stringMatching(/^agent.yaml:14: commands.alow: .*did you mean allow\?/),
        "agent.yaml:15: sandbox.quota 5: a size is a number with a unit: 500MB, 10GB, 1.5GiB",
        expect.stringMatching(/^agent.yaml:16: homeAssistant.prefix "a\/\+": a topic has no wildc/),
        "agent.yaml:17: seed -1: it must be a whole number from 0 to 4294967295",
      ]),
    );
    expect(problems).toHaveLength(14);
  });

  test("has every problem of its sources and commands named, too", () => {
    const text = `interval: 1s
intervalMin: 1m
sources:
  drive: { source: space_usgae }
  walk:
    source: random_walk
    maxx: 3
    actve: true
    min: low
  window: { source: command }
commands:
  allow: [describe, report_know]
sandbox: { folder: . }
`;
    const problems = problemsOf(text);
    expect(problems).toEqual([
      'agent.yaml:2: intervalMin "1m": it is longer than interval, 1s; make it at most that',
      expect.stringMatching(
        /^agent.yaml:4: sources.drive.source "space_usgae": there is no such kind of source; did you mean space_usage\? \(there are command, /,
      ),
      "agent.yaml:7: sources.walk.maxx 3: there is no such key; did you mean max? (config/agent.example.yaml has them all)",
      "agent.yaml:8: sources.walk.actve true: there is no such key; did you mean active? (config/agent.example.yaml has them all)",
      'agent.yaml:9: sources.walk.min "low": it must be a number',
      expect.stringMatching(/^agent.yaml:10: sources.window.program: it must be the name or path/),
      expect.stringMatching(
        /^agent.yaml:12: commands.allow.1 "report_know": there is no such command; did you mean report_now\?/,
      ),
      expect.stringMatching(/^agent.yaml:13: sandbox.folder ".": the journal of the device is in/),
    ]);
  });

  test("has problems of both sorts named together, in the order of the file", () => {
    const text = `intervall: 1m
intervalMin: 1m
homeAssistant: sometimes
sources:
  walk: { source: random_walk, every: 5, min: low }
  drive: { source: space_usgae, deadband: {} }
  5: { active: true }
commands:
  alow: [describe]
  allow: [report_know]
sandbox: { folder: ., quota: 5 }
`;
    expect(problemsOf(text)).toEqual([
      expect.stringContaining("agent.yaml:1: intervall"),
      expect.stringContaining("agent.yaml:3: homeAssistant"),
      expect.stringContaining("agent.yaml:5: sources.walk.every"),
      expect.stringContaining("agent.yaml:5: sources.walk.min"),
      expect.stringContaining("agent.yaml:6: sources.drive.source"),
      expect.stringContaining("agent.yaml:6: sources.drive.deadband"),
      expect.stringContaining("agent.yaml:7: sources.5.source"),
      expect.stringContaining("agent.yaml:9: commands.alow"),
      expect.stringContaining("agent.yaml:11: sandbox.folder"),
      expect.stringContaining("agent.yaml:11: sandbox.quota"),
    ]);
  });

  test("is not reported for what only a misspelled key causes", () => {
    const text = `sourcefolder: kinds
sources: { a: { source: own } }
commands: { foldr: plugins, allow: [greet] }`;
    expect(problemsOf(text, { DEVICE_SOURCES: "a,own" })).toEqual([
      expect.stringContaining("sourcefolder"),
      expect.stringContaining("commands.foldr"),
    ]);
  });

  test("is reported before plugins that cannot be loaded", () => {
    expect(problemsOf("sourceFolder: nowhere\nseed: x")).toEqual([
      expect.stringContaining("agent.yaml:2: seed"),
    ]);
  });

  test.each(["..", "__proto__", "constructor"])("does not let a device be called %s", (id) => {
    const [problem] = problemsOf("", { DEVICE_ID: id });
    expect(problem).toContain(`DEVICE_ID: "${id}" is not allowed`);
    expect(problem).toContain("are no names; choose another");
  });

  test("is reported together with invalid settings", () => {
    const problems = problemsOf("seed: x", {
      DEVICE_ID: "a b",
      DEVICE_INTERVAL_SECONDS: "0",
      DEVICE_PREFIX: "a//b",
      DEVICE_HOME_ASSISTANT: "perhaps",
      DEVICE_SOURCES: " , ",
    });
    expect(problems).toEqual([
      expect.stringContaining('DEVICE_ID: "a b" is not allowed'),
      expect.stringContaining('DEVICE_PREFIX: "a//b" is not allowed'),
      expect.stringContaining("DEVICE_INTERVAL_SECONDS"),
      expect.stringContaining("DEVICE_SOURCES"),
      expect.stringContaining("DEVICE_HOME_ASSISTANT"),
      expect.stringContaining("seed"),
    ]);
  });

  test.each([
    ["sources: [drive]", "it must be names with what belongs to each"],
    ["sources: { a: }", "sources.a: it must be keys with values"],
    ["homeAssistant: { prefix: '' }", "it has an empty level"],
    ["homeAssistant: sometimes", "it must be true, false, or a prefix"],
    ["sources: { a: { source: system, deadband: {} } }", "either absolute or relative"],
    [
      "sources: { a: { source: system, deadband: { relative: 500% } } }",
      "it must be a share from 0 to 1",
    ],
    ["sources: { a: { source: system, deadband: { absolute: -1 } } }", "0 or more"],
    ["sources: { a: { source: system, every: 1ms } }", "from 100ms to 1d"],
    ["sandbox: { folder: / }", "the journal of the device is in this folder"],
  ])("such as %s is reported", (text, words) => {
    expect(problemsOf(text).join("\n")).toContain(words);
  });
});

describe("a source that DEVICE_SOURCES names", () => {
  test("must be configured, or be a kind", () => {
    expect(problemsOf("", { DEVICE_SOURCES: "walk,machin,sytem" })).toEqual([
      expect.stringMatching(/^DEVICE_SOURCES: "machin" is neither .*; did you mean machine\?/),
      expect.stringMatching(/^DEVICE_SOURCES: "sytem" is neither .*; did you mean system\?/),
    ]);
  });

  test("must not need options", () => {
    expect(problemsOf("", { DEVICE_SOURCES: "command" })).toEqual([
      expect.stringMatching(
        /^DEVICE_SOURCES: command needs options \(program: .*\); describe a source of this kind in agent.yaml/,
      ),
    ]);
  });
});
