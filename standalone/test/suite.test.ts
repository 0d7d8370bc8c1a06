import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { eventually, NOTHING_CONFIGURED, temporaryFolder } from "@weir/testkit";
import { STOP_STAGES } from "../src/suite.ts";
import { areGone, hasSaid, hasTable, PATIENT, rowIds, startSuite } from "./fixture.ts";

jest.setTimeout(300_000);

const START = join(import.meta.dirname, "../../tools/start.mjs");
const READER_HAS_LEFT = "stopping (the reader of the table has left).";

describe("the suite without Docker", () => {
  test("shows a table, ends with 0 on Ctrl-C without a process left, and goes on where it was", async () => {
    using folder = temporaryFolder();
    await using first = await startSuite({ folder: folder.path, program: PATIENT });
    await hasTable(first);
    expect(first.said()).toMatch(/while there is no user, \S+dashboard\.log has the code for/);
    const parts = first.parts();
    expect(Object.keys(parts).sort()).toEqual(
      [
        "broker",
        "dashboard",
        "device-agent",
        "logger",
        "publisher",
        "stats",
        "stats-printer",
        "workflows",
      ].sort(),
    );

    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
    expect(areGone(Object.values(parts))).toBe(true);
    expect(first.said()).toMatch(/stopping \(SIGINT\)\.\nweir: stopped\./);

    const stored = rowIds(folder.path);
    expect(stored.last).toBeGreaterThan(0);
    await using second = await startSuite({ folder: folder.path, program: PATIENT });
    await eventually(() => rowIds(folder.path).last > stored.last, 60_000);
    expect(rowIds(folder.path).first).toBe(stored.first);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });

  test("starts a process again that ended, says so, and leaves none when it is killed itself", async () => {
    using folder = temporaryFolder();
    await using suite = await startSuite({ folder: folder.path, program: PATIENT });
    await hasTable(suite);
    for (const name of ["logger", "stats-printer"]) {
      process.kill(suite.part(name), "SIGKILL");
      await hasSaid(suite, `${name} was ended by SIGKILL; starting it again in 1 s.`);
    }
    const stored = rowIds(folder.path).last;
    const shown = suite.table().length;
    await eventually(
      () => rowIds(folder.path).last > stored && suite.table().length > shown,
      60_000,
    );

    const pids = Object.values(suite.parts());
    suite.child.kill("SIGKILL");
    expect(await suite.ended).toBe("SIGKILL");
    await eventually(() => areGone(pids));
  });

  test("kills what does not stop, within 5 s, and ends with 1", async () => {
    using folder = temporaryFolder();
    await using suite = await startSuite({ folder: folder.path });
    await hasTable(suite);
    const parts = suite.parts();
    for (const pid of Object.values(parts)) process.kill(pid, "SIGSTOP");
    suite.child.kill("SIGTERM");
    expect(await suite.ended).toBe(1);
    // The sum of the limits, not the wall clock: on a busy machine a kill takes its time.
    expect(STOP_STAGES.reduce((sumMs, { timeoutMs }) => sumMs + timeoutMs, 0)).toBeLessThan(5_000);
    await eventually(() => areGone(Object.values(parts)));
    expect(suite.said()).toContain("did not stop cleanly");
  });

  test("kills everything at once on a second Ctrl-C", async () => {
    using folder = temporaryFolder();
    await using suite = await startSuite({ folder: folder.path, program: PATIENT });
    await hasTable(suite);
    const pids = Object.values(suite.parts());
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    suite.child.kill("SIGINT");
    await hasSaid(suite, "stopping (SIGINT)");
    // The same signal within half a second counts as the same Ctrl-C, so it is sent until it is taken.
    const ended = suite.ended.then((code) => ({ code }));
    await eventually(async () => {
      suite.child.kill("SIGINT");
      return Promise.race([ended, new Promise((resolve) => setImmediate(resolve, null))]);
    });
    expect(await suite.ended).toBe(130);
    await eventually(() => areGone(pids));
  });

  test("stops while it is still starting", async () => {
    using folder = temporaryFolder();
    await using suite = await startSuite({ folder: folder.path, program: PATIENT });
    await hasSaid(suite, "starting broker");
    suite.child.kill("SIGINT");
    expect(await suite.ended).toBe(0);
    expect(suite.parts()).toEqual({});
  });

  test("runs without the simulated publisher and device where DEMO_… says so, and names the password file", async () => {
    using folder = temporaryFolder();
    const password = folder.file("password");
    writeFileSync(password, "long enough to be one");
    const environment = {
      DEMO_PUBLISHER: "0",
      DEMO_DEVICE: "0",
      DASHBOARD_PASSWORD_FILE: password,
    };
    await using suite = await startSuite({ folder: folder.path, environment, program: PATIENT });
    await hasSaid(suite, "Ctrl-C stops it all");
    expect(suite.said()).toContain(`${password} has the password of the user admin.`);
    await eventually(() => "stats-printer" in suite.parts());
    const parts = ["broker", "dashboard", "logger", "stats", "stats-printer", "workflows"];
    expect(Object.keys(suite.parts()).sort()).toEqual(parts);
    suite.child.kill("SIGTERM");
    expect(await suite.ended).toBe(0);
  });

  test("uses the broker that BROKER names, and stops when the reader of its table has left", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    const environment = { BROKER: `127.0.0.1:${broker.port}` };
    await using suite = await startSuite({ folder: folder.path, environment, program: PATIENT });
    await hasTable(suite);
    expect(Object.keys(suite.parts())).not.toContain("broker");
    suite.child.stdout?.destroy();
    expect(await suite.ended).toBe(0);
    expect(suite.said()).toContain(READER_HAS_LEFT);
  });

  test("shows every log with --verbose and another format with --format, and stops when its reader has left", async () => {
    using folder = temporaryFolder();
    const args = ["--verbose", "--format", "csv"];
    await using suite = await startSuite({ folder: folder.path, args, program: PATIENT });
    await hasSaid(suite, "stats         info  connected to the broker");
    await eventually(() => suite.table().startsWith("at,avg_1min,avg_5min,avg_30min"), 60_000);
    suite.child.stdout?.destroy();
    expect(await suite.ended).toBe(0);
    expect(suite.said()).toContain(READER_HAS_LEFT);
  });

  test("has the logger, stats, workflows and the dashboard read weir.yaml again on SIGHUP, and goes on", async () => {
    using folder = temporaryFolder();
    const weirFile = folder.file("weir.yaml");
    writeFileSync(weirFile, "streams: {}");
    const environment = { WEIR_FILE: weirFile, AGENT_FILE: NOTHING_CONFIGURED };
    await using suite = await startSuite({ folder: folder.path, environment, program: START });
    await hasTable(suite);
    const hasLogged = (name: string, text: string) =>
      eventually(
        () => readFileSync(folder.file(`data/logs/${name}.log`), "utf8").includes(text),
        60_000,
      );
    writeFileSync(weirFile, "streams: { rooms: { filters: [rooms/#], statistics: true } }");
    suite.child.kill("SIGHUP");
    await hasLogged("logger", "reloaded the configuration");
    await hasLogged("stats", "reloaded the configuration");
    await hasLogged("dashboard", "reloaded the configuration");
    await hasLogged("workflows", "reloaded the configuration");
    expect(suite.said()).toContain(
      "logger, stats, workflows and dashboard read their configuration again",
    );

    // What is wrong is said where the user looks.
    writeFileSync(weirFile, "streams: { rooms: { filter: [rooms/#] } }");
    suite.child.kill("SIGHUP");
    await hasSaid(suite, "logger: not reloaded, continuing as before");
    const stored = rowIds(folder.path).last;
    await eventually(() => rowIds(folder.path).last > stored, 60_000);
    suite.child.kill("SIGTERM");
    await suite.ended;
    expect(suite.said()).toContain("stopping (SIGTERM).");
  });

  // The command script takes other options elsewhere.
  const onLinux = process.platform === "linux" ? test : test.skip;
  onLinux("tells a SIGHUP of its user from that of a terminal that is closed", async () => {
    using folder = temporaryFolder();
    const terminal = ["script", "--quiet", "--flush", "/dev/null", "--command"];
    await using suite = await startSuite({ folder: folder.path, program: PATIENT, terminal });
    const [, pid] = await eventually(() => /kill -HUP (\d+) has it/.exec(suite.table()), 120_000);
    process.kill(Number(pid), "SIGHUP");
    await eventually(() => suite.table().includes("read their configuration again"));
    const parts = await eventually(() => {
      const found = Object.values(suite.parts(Number(pid)));
      return found.length === 8 && found;
    }, 60_000);
    const pids = [Number(pid), ...parts];

    suite.child.kill("SIGKILL");
    await eventually(() => areGone(pids));
  });

  test("stops when the program that started it for npm is asked to", async () => {
    using folder = temporaryFolder();
    // It works in Weir's own folder, where a developer may have both.
    const environment = { WEIR_FILE: NOTHING_CONFIGURED, AGENT_FILE: NOTHING_CONFIGURED };
    await using suite = await startSuite({ folder: folder.path, environment, program: START });
    await hasTable(suite);
    suite.child.kill("SIGTERM");
    const code = await suite.ended;
    expect(suite.said()).toContain("stopping (SIGTERM).");
    // Whether each part has ended in its time is up to the machine.
    expect(code).toBe(suite.said().includes("did not stop cleanly") ? 1 : 0);
  });
});
