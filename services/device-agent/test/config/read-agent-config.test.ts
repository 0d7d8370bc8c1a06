import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { Environment } from "@weir/runtime";
import { temporaryFolder } from "@weir/testkit";
import { type AgentConfig, readAgentConfig } from "../../src/config/config.ts";
import { activeIn, agentOf, sourceOf } from "./fixture.ts";

/** As where the agent is started in this folder: not in Weir's own, where a developer may have an agent.yaml. */
function readAgentConfigIn(folder: string, environment: Environment): AgentConfig {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return readAgentConfig(environment);
  } finally {
    process.chdir(before);
  }
}

const DAY_MS = 86_400_000;

describe("a device", () => {
  test("measures its disk, the machine and a random walk without sources in agent.yaml", () => {
    const { device, folder, process } = agentOf("# nothing yet\n");
    expect(device).toMatchObject({
      address: { prefix: "devices", id: "kitchen" },
      intervalMs: 10_000,
      intervalMinMs: 10_000,
      homeAssistant: { prefix: "homeassistant" },
      seed: null,
      power: "mains",
      confirm: "receipt",
    });
    const shown = device.sources.map(({ name, kind, isActive, rule, delivery }) => {
      return [name, kind.name, isActive, rule.deadband, rule.maxSilenceMs, delivery.class];
    });
    expect(shown).toEqual([
      ["drive", "space_usage", true, null, 300_000, "telemetry"],
      ["walk", "random_walk", true, { kind: "absolute", width: 0.8 }, 300_000, "telemetry"],
      ["machine", "system", true, null, 300_000, "telemetry"],
      ["scatter", "random_scatter", false, null, 300_000, "telemetry"],
    ]);
    expect(device.commands.has("report_now")).toBe(true);
    expect(device.sandbox).toMatchObject({ quotaBytes: 5e9, reserveBytes: 1e9 });
    expect(device.sandbox.folder).toBe(join(import.meta.dirname, "../../../..", folder, "sandbox"));
    expect(process.http.port).toBe(9_105);
  });

  test("is the same without an agent.yaml, unless AGENT_FILE names one", () => {
    using folder = temporaryFolder();
    const { device } = readAgentConfigIn(folder.path, { AGENT_FILE: "" });
    expect(device.sources.map(({ name }) => name)).toEqual(["drive", "walk", "machine", "scatter"]);
    expect(() => readAgentConfig({ AGENT_FILE: folder.file("agent.yaml") })).toThrow(
      "does not exist; create it, or unset AGENT_FILE",
    );
  });

  test("is configured by agent.yaml", () => {
    const { device } = agentOf(
      `
interval: 2s
intervalMin: 500ms
sources:
  only: { source: system }
commands: { allow: [report_now] }
sandbox: { folder: /srv/files, quota: 20MB, reserve: 0MB }
homeAssistant: { prefix: ha }
power: battery
seed: 7`,
    );
    expect(device).toMatchObject({
      intervalMs: 2_000,
      intervalMinMs: 500,
      sandbox: { folder: "/srv/files", quotaBytes: 2e7, reserveBytes: 0 },
      homeAssistant: { prefix: "ha" },
      power: "battery",
      seed: 7,
    });
    expect(device.sources.map(({ name }) => name)).toEqual(["only"]);
    expect([...device.commands.keys()]).toEqual(["report_now"]);
  });

  test("is configured by the environment before agent.yaml", () => {
    const text = "interval: 2s\nhomeAssistant: { prefix: ha }";
    const { device, folder, broker } = agentOf(text, {
      BROKER_URL: "mqtts://barn",
      DEVICE_ID: "cellar",
      DEVICE_PREFIX: "losant",
      DEVICE_FOLDER: "/srv/cellar",
      DEVICE_INTERVAL_SECONDS: "3",
      DEVICE_CONFIRM: "puback",
      DEVICE_HOME_ASSISTANT: "off",
      DEVICE_SESSION_EXPIRY_SECONDS: "60",
    });
    expect(broker.url).toBe("mqtts://barn");
    expect(folder).toBe("/srv/cellar");
    expect(device).toMatchObject({
      address: { prefix: "losant", id: "cellar" },
      intervalMs: 3_000,
      intervalMinMs: 3_000,
      sandbox: { folder: "/srv/cellar/sandbox" },
      confirm: "puback",
      homeAssistant: null,
      sessionExpirySeconds: 60,
    });
  });

  test.each([
    ["", "", "homeassistant"],
    ["homeAssistant: true", "", "homeassistant"],
    ["homeAssistant: false", "", null],
    ["homeAssistant: false", "on", "homeassistant"],
    ["homeAssistant: { prefix: ha }", "on", "ha"],
    ["homeAssistant: { prefix: ha }", "off", null],
  ])("with %j and DEVICE_HOME_ASSISTANT=%s announces to %j", (text, setting, prefix) => {
    const { device } = agentOf(text, { DEVICE_HOME_ASSISTANT: setting });
    expect(device.homeAssistant?.prefix ?? null).toBe(prefix);
  });

  test("may be set by a command to the configured interval, however short", () => {
    expect(agentOf("interval: 2s").device.intervalMinMs).toBe(2_000);
    expect(agentOf("interval: 1m").device.intervalMinMs).toBe(10_000);
    expect(agentOf("intervalMin: 5s", { DEVICE_INTERVAL_SECONDS: "1" }).device).toMatchObject({
      intervalMs: 1_000,
      intervalMinMs: 1_000,
    });
  });
});

describe("a source", () => {
  test("has the keys of its entry, and the options of its kind", () => {
    const source = sourceOf(
      `
sources:
  tank:
    source: random_walk
    max: 5
    active: false
    every: 250ms
    delivery: { class: event, ttl: 2s }
    deadband: { relative: 2.5% }
    maxSilence: 1d`,
      "tank",
    );
    expect(source).toMatchObject({
      name: "tank",
      options: { min: 0, max: 5 },
      isActive: false,
      everyMs: 250,
      delivery: { class: "event", ttlMs: 2_000 },
      rule: { deadband: { kind: "relative", share: 0.025 }, maxSilenceMs: DAY_MS },
    });
  });

  test("has the file and line of its configuration", () => {
    const text = "sources:\n  one: { source: system }\n  two: { source: random_walk }\n";
    expect(sourceOf(text, "two").where).toMatch(/agent\.yaml:3: sources\.two$/);
    expect(sourceOf("seed: 1", "walk").where).toBe("sources.walk");
  });

  test("has the delivery of the device unless it has its own", () => {
    const text = `
delivery: { class: alarm }
sources:
  one: { source: system }
  two: { source: random_walk, delivery: { class: telemetry } }`;
    expect(sourceOf(text, "one").delivery).toEqual({ class: "alarm" });
    expect(sourceOf(text, "two").delivery).toEqual({ class: "telemetry" });
  });

  test.each([
    ["{ absolute: 0 }", { kind: "absolute", width: 0 }],
    ["{ relative: 0.05 }", { kind: "relative", share: 0.05 }],
    ["{ relative: 5% }", { kind: "relative", share: 0.05 }],
    ["{ relative: '12.5 %' }", { kind: "relative", share: 0.125 }],
  ])("has the deadband %s", (written, deadband) => {
    const text = `sources: { a: { source: system, deadband: ${written} } }`;
    expect(sourceOf(text, "a").rule.deadband).toEqual(deadband);
  });

  test("may be of the user's own kind, and a command may be the user's own", () => {
    const anything = "{ safeParse: (data) => ({ success: true, data }) }";
    const text = `
sourceFolder: kinds
sources: { a: { source: own, whatever: 1 } }
commands: { folder: own-commands, allow: [greet] }`;
    const { device } = agentOf(text, {}, (folder) => {
      mkdirSync(folder.file("kinds"));
      mkdirSync(folder.file("own-commands"));
      writeFileSync(
        join(folder.file("kinds"), "own.ts"),
        `export const source = { name: "own", summary: "Mine.", options: ${anything}, open: () => {} };`,
      );
      writeFileSync(
        join(folder.file("own-commands"), "greet.ts"),
        `import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
         export const command = { name: "greet", summary: "Hello.", payload: z.null(), run: async () => {} };`,
      );
    });
    expect(device.sources).toMatchObject([{ kind: { name: "own" }, options: { whatever: 1 } }]);
    expect([...device.commands.keys()]).toEqual(["greet"]);
  });
});

describe("DEVICE_SOURCES", () => {
  const TEXT = `
sources:
  walk: { source: random_walk }
  stroll: { source: random_walk, step: 0.1 }
  machine: { source: system, active: false }`;

  test.each([
    ["machine", ["machine"]],
    [" walk , machine ,", ["walk", "machine"]],
    ["random_walk", ["walk", "stroll"]],
    ["system,stroll", ["stroll", "machine"]],
  ])("%j makes these active, by name or by kind, and no others", (list, active) => {
    const config = agentOf(TEXT, { DEVICE_SOURCES: list });
    expect(activeIn(config)).toEqual(active);
    expect(config.device.sources).toHaveLength(3);
  });

  test("adds a kind of which none is configured, as it is without options", () => {
    const config = agentOf(TEXT, { DEVICE_SOURCES: "random_scatter,walk" });
    expect(activeIn(config)).toEqual(["walk", "random_scatter"]);
    expect(config.device.sources.at(-1)).toMatchObject({
      name: "random_scatter",
      kind: { name: "random_scatter" },
      options: { min: 0 },
      rule: { deadband: null },
    });
  });
});
