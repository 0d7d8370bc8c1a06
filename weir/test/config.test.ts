import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { describe, expect, jest, test } from "@jest/globals";
import { EXIT_CODES } from "@weir/runtime";
import { type TemporaryFolder, temporaryFolder } from "@weir/testkit";
import { startProcess } from "./fixture.ts";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

/** Runs `weir config` in a folder, where neither .env nor weir.yaml are but the test's own. */
async function runConfig(
  folder: TemporaryFolder,
  args: readonly string[],
  env: Record<string, string> = {},
  as: { uid?: number } = {},
) {
  const place = { cwd: folder.path, env, ...as };
  const { code, out, err } = await startProcess(["config", ...args], place).ended;
  return { exitCode: code, output: out, errors: err };
}

function writeWeirFile(folder: TemporaryFolder, text: string): void {
  mkdirSync(folder.file("config"), { recursive: true });
  writeFileSync(folder.file("config/weir.yaml"), text);
}

describe("weir config check", () => {
  test("shows the defaults where there is no weir.yaml", async () => {
    using folder = temporaryFolder();
    const { exitCode, output } = await runConfig(folder, ["check"]);
    expect(exitCode).toBe(EXIT_CODES.ok);
    expect(output).toContain("There is no weir.yaml");
    expect(output).toMatch(/devices\/# \(QoS 1\)/);
    expect(output).toContain("2 stream(s), 0 warning(s)");
  });

  test("shows what a weir.yaml means, and what is subscribed to for it", async () => {
    using folder = temporaryFolder();
    writeWeirFile(
      folder,
      `
brokers: { barn: { url: "mqtts://barn", username: me, passwordVariable: BARN } }
streams:
  a: { filters: [a/+], retention: { age: 7d } }
  b: { filters: [+/b], exclude: [a/b], retention: { size: 1GiB } }
  c: { filters: [c], broker: barn, connection: own, retention: { age: 7d } }`,
    );
    const environment = { BARN: "hidden", BROKER_URL: "mqtt://me:hidden@home" };
    const { output } = await runConfig(folder, ["check", "--json"], environment);
    expect(output).not.toContain("hidden");
    expect(JSON.parse(output)).toMatchObject({
      file: "config/weir.yaml",
      streams: [{ name: "data" }, { name: "devices" }, { name: "a" }, { name: "b" }, { name: "c" }],
      connections: [
        {
          name: "default",
          broker: { url: "mqtt://home" },
          streams: ["data", "devices", "a", "b"],
          subscriptions: [
            "DATA",
            "devices/#",
            "losant/#",
            "homeassistant/device/+/config",
            "a/+",
            "+/b",
          ].map((filter) => ({ filter, qos: 1 })),
          subscriptions311: expect.arrayContaining([{ filter: "#", qos: 1 }]),
        },
        {
          name: "stream-c",
          clientId: "weir-logger-stream-c",
          broker: { name: "barn", username: "me" },
          subscriptions: [{ filter: "c", qos: 1 }],
          subscriptions311: null,
        },
      ],
    });
  });

  test("shows which series a stream has, and its statistics, where they are not the default", async () => {
    using folder = temporaryFolder();
    writeWeirFile(
      folder,
      `
streams:
  home: { filters: [a], statistics: true, retention: { age: 7d } }
  bulk: { filters: [b], series: off, statistics: true, retention: { age: 7d } }
  meter: { filters: [c], series: [{ path: power }, { path: pumps }], retention: { age: 7d } }
  long: { filters: [d], series: [${"{ path: x },".repeat(9)}], retention: { age: 7d } }`,
    );
    const { exitCode, output } = await runConfig(folder, ["check"]);
    expect(exitCode).toBe(EXIT_CODES.ok);
    const rows = output.split(/^├.*┤$/m).map((row) => row.replaceAll(/[^\S\n]+/g, " "));
    const rowOf = (name: string) => rows.find((row) => row.includes(`│ ${name} │`));
    expect(rowOf("devices")).not.toMatch(/series|statistics/);
    expect(rowOf("home")).toMatch(/│ statistics │/);
    expect(rowOf("bulk")).toMatch(/│ series: off │.*│ statistics │/s);
    expect(rowOf("meter")).toMatch(/│ series: power │.*│ series: pumps │/s);
    expect(rowOf("long")).toContain("│ and 4 more series │");
    expect(output).toContain("warning: streams.bulk: it has statistics, but its series are off");
    expect(output).toContain("6 stream(s), 1 warning(s)");
  });

  test("shows how long points are kept, and when segments are archived", async () => {
    using folder = temporaryFolder();
    writeWeirFile(
      folder,
      `
streams:
  devices: { history: off }
  home: { filters: [a], history: forever, retention: { age: 7d }, archive: { after: 2d } }
  late: { filters: [b], retention: { age: 7d }, archive: { after: 7d } }`,
    );
    const { output } = await runConfig(folder, ["check"]);
    const rows = output.split(/^├.*┤$/m).map((row) => row.replaceAll(/[^\S\n]+/g, " "));
    const rowOf = (name: string) => rows.find((row) => row.includes(`│ ${name} │`));
    expect(rowOf("data")).not.toMatch(/history|archive/);
    expect(rowOf("devices")).not.toMatch(/history|archive/);
    expect(rowOf("home")).toMatch(/│ 7d │.*│ history: forever │.*│ archive: after 2d │/s);
    expect(rowOf("late")).toContain("│ history: 400d │");
    expect(output).toMatch(/warning: streams.late: its archive begins when .* nothing is archived/);
    const { streams } = JSON.parse((await runConfig(folder, ["check", "--json"])).output);
    expect(streams).toMatchObject([
      { name: "data", historyMs: null },
      { name: "devices", historyMs: null },
      { name: "home", historyMs: "forever", archiveAfterMs: 2 * 86_400_000 },
      { name: "late", historyMs: 400 * 86_400_000 },
    ]);
  });

  test("shows the broker that npm start brings where .env moves it", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), "BROKER_PORT=1999\n");
    const { output } = await runConfig(folder, ["check", "--json"]);
    expect(JSON.parse(output).connections[0].broker.url).toBe("mqtt://localhost:1999");
  });

  test("names every problem of the settings and of the file, and ends with 78", async () => {
    using folder = temporaryFolder();
    writeWeirFile(folder, "streams:\n  a:\n    filters: [a/#/b]\n    folders: x\n");
    const environment = { LOGGER_CLIENT_ID: "a/b" };
    const { exitCode, errors } = await runConfig(folder, ["check"], environment);
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toContain("LOGGER_CLIENT_ID");
    expect(errors).toContain("config/weir.yaml:3: streams.a.filters.0");
    expect(errors).toContain("config/weir.yaml:4: streams.a.folders");
    expect(errors).toContain("did you mean folder?");
  });

  test("names the line of .env that cannot be read", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), "LOG_LEVEL=info\nBROKER_PASSWORD='abc\n");
    const { exitCode, errors } = await runConfig(folder, ["check"]);
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toMatch(/^weir config: .*\n {2}\.env:2: BROKER_PASSWORD: the quote '/);
  });

  test("reads the settings of every service, and warns of names that are probably misspelled", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file(".env"), "LOG_LEVLE=debug\nMQTT_PUBLISH=1883\nBARN_PASSWORD=x\n");
    writeWeirFile(
      folder,
      "brokers: { barn: { url: mqtt://barn, passwordVariable: BARN_PASSWORD } }",
    );
    const good = await runConfig(folder, ["check"], { DEVICE_IDS: "a" });
    expect(good.output).toContain(
      "warning: .env:1: LOG_LEVLE is not a setting; did you mean LOG_LEVEL?",
    );
    expect(good.output).toContain("warning: DEVICE_IDS, in the environment, is not a setting");
    expect(good.output).toContain("2 warning(s)");
    const bad = await runConfig(folder, ["check"], { DASHBOARD_PORT: "web", DEVICE_ID: "a/b" });
    expect(bad.exitCode).toBe(EXIT_CODES.configuration);
    expect(bad.errors).toMatch(/2 problem\(s\):\n {2}DEVICE_ID: .*\n {2}DASHBOARD_PORT: /);
  });

  test("warns of what is missing here, and of what may not be meant", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("data"));
    writeFileSync(folder.file("data/index.db"), "");
    utimesSync(folder.file("data/index.db"), new Date(), new Date("2100-01-01"));
    writeFileSync(folder.file("occupied"), "");
    writeFileSync(folder.file("broken.ts"), "throw new Error('no good')");
    const weirFile = folder.file("other.yaml");
    writeFileSync(
      weirFile,
      `
streams:
  data: { filters: [OTHER] }
  a: { filters: [x/#], filter: gone.ts, retention: { age: 1h } }
  b: { filters: [x/y], filter: broken.ts, folder: ../occupied/b, retention: { age: 7d } }
  c: { filters: [z], decoder: { avro: { schemas: nowhere, framing: confluent } } }`,
    );
    const { exitCode, output } = await runConfig(folder, ["check", weirFile, "--json"]);
    expect(exitCode).toBe(EXIT_CODES.ok);
    expect(JSON.parse(output).warnings).toEqual([
      expect.stringMatching(/the store was written at 2100-.*Set the clock/),
      expect.stringContaining("streams.data does not take DATA"),
      expect.stringContaining("streams.a: its rotation is longer than its retention"),
      expect.stringContaining("streams.c: it has no retention"),
      expect.stringMatching(/streams\.a: .*gone\.ts/),
      expect.stringMatching(/streams\.b: .*occupied is no folder/),
      expect.stringMatching(/streams\.b: .*no good/),
      expect.stringMatching(/streams\.c: .*nowhere/),
      expect.stringContaining("streams.a and streams.b share topics"),
    ]);
  });

  test("in Compose prints warnings and one line, also of what .env sets in vain", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("config/workflows"), { recursive: true });
    const flows = "flows: { a: { nodes: { b: { tpye: schedule } } } }";
    writeFileSync(folder.file("config/workflows/wrong.yaml"), flows);
    const environment = {
      DEVICEID: "attic",
      FIXED_IN_COMPOSE: "BROKER  DASHBOARD_HOST",
      PORTS: "1883 for MQTT",
    };
    const { exitCode, output } = await runConfig(folder, ["check", "--compose"], environment);
    expect(exitCode).toBe(EXIT_CODES.ok);
    expect(output.split("\n")).toEqual([
      "warning: .env: DEVICEID is not a setting; did you mean DEVICE_ID?",
      expect.stringContaining("warning: BROKER has no effect in Compose: "),
      expect.stringContaining(
        "warning: DASHBOARD_HOST has no effect in Compose: DASHBOARD_PUBLISH",
      ),
      expect.stringMatching(/^warning: wrong\.yaml:1: flows\.a\.nodes\.b/),
      "the configuration is valid: 2 stream(s), 4 warning(s)",
      "ports: 1883 for MQTT",
      "",
    ]);
  });

  test("in Compose ends with 78 for what keeps the logger from starting", async () => {
    using folder = temporaryFolder();
    writeWeirFile(
      folder,
      "streams: { a: { filters: [x], filter: gone.ts, retention: { age: 7d } } }",
    );
    const { exitCode, errors } = await runConfig(folder, ["check", "--compose"]);
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toMatch(/1 problem\(s\):\n {2}streams\.a: .*gone\.ts/);
  });

  test("warns of files whose names are not those that are read", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("config"));
    writeFileSync(folder.file("config/weir.yml"), "streams: {}");
    writeFileSync(folder.file("agent.yaml"), "interval: 10s");
    const { output } = await runConfig(folder, ["check", "--json"]);
    expect(JSON.parse(output).warnings).toEqual([
      "config/weir.yml is not read; rename it to config/weir.yaml",
      "agent.yaml is not read; rename it to config/agent.yaml",
    ]);
  });

  const asRoot = process.getuid?.() === 0 ? test : test.skip;
  asRoot("says how a user gets the right to read files", async () => {
    using folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    writeWeirFile(folder, "streams: {}");
    writeFileSync(folder.file("password"), "x", { mode: 0o600 });
    chmodSync(folder.file("config"), 0o700);
    const environment = { BROKER_PASSWORD_FILE: folder.file("password") };
    const { exitCode, errors } = await runConfig(folder, ["check"], environment, { uid: 1_000 });
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toContain("user 1000 has no right to it: chmod -R a+rX config");
    expect(errors).toContain("let user 1000 read it: chown 1000 ");
  });

  test("in Compose ends with 78 where the broker's user may not read its file", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("mosquitto"));
    writeFileSync(folder.file("mosquitto/mosquitto.conf"), "", { mode: 0o600 });
    const { exitCode, errors } = await runConfig(folder, ["check", "--compose"]);
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toContain("chmod -R a+rX mosquitto");
  });

  asRoot("says of a folder that cannot be written who has no right to it, and where", async () => {
    using folder = temporaryFolder();
    chmodSync(folder.path, 0o755);
    writeWeirFile(folder, "streams: { a: { filters: [x/#], folder: ../rows/a } }");
    const { errors } = await runConfig(folder, ["check", "--compose"], {}, { uid: 1_000 });
    expect(errors).toContain(
      `streams.a: rows/a cannot be written: user 1000 has no right to write to ${folder.path}. Name another place`,
    );
  });

  test("does not warn of streams that are kept apart by what they exclude", async () => {
    using folder = temporaryFolder();
    writeWeirFile(
      folder,
      `
streams:
  a: { filters: [x/#], exclude: [x/log/#], retention: { age: 7d } }
  b: { filters: [x/log/+], retention: { age: 7d } }
  home: { filters: [zigbee2mqtt/#, homeassistant/#], retention: { age: 30d } }`,
    );
    const { output } = await runConfig(folder, ["check", "--json"]);
    expect(JSON.parse(output).warnings).toEqual([]);
  });
});

describe("weir config", () => {
  test("says what it can do, and ends with 78 for what it cannot", async () => {
    using folder = temporaryFolder();
    expect((await runConfig(folder, ["--help"])).output).toMatch(/check \[options\] \[file\]/);
    const { exitCode, errors } = await runConfig(folder, ["chekc"]);
    expect(exitCode).toBe(EXIT_CODES.configuration);
    expect(errors).toContain("unknown command 'chekc'\n(Did you mean check?)");
    expect((await runConfig(folder, ["check", "--yaml"])).exitCode).toBe(EXIT_CODES.configuration);
  });
});
