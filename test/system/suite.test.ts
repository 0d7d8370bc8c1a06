import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { loggerPerformance } from "@weir/protocol";
import { eventually, hasDocker } from "@weir/testkit";
import { type Compose, type Console, createCompose } from "./compose.ts";

const BUILD_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 300_000;
/** Longer than `docker compose up` usually takes until the console is attached. */
const USUAL_UP_MS = 15_000;
const SERVICES = [
  "logger",
  "stats",
  "publisher",
  "stats-printer",
  "device-agent",
  "dashboard",
  "workflows",
  "mosquitto",
];

// Quick readings; the rest is what a user's .env may say for a machine without Docker.
const SETTINGS = {
  PUBLISHER_INTERVAL_MIN_MS: "50",
  PUBLISHER_INTERVAL_MAX_MS: "100",
  STATS_SLOW_TICK_SECONDS: "2",
  BROKER: "localhost",
  BROKER_URL: "mqtt://localhost:1883",
  DB_FILE: "tmp/test.db",
  HTTP_HOST: "127.0.0.1",
  LOGGER_HTTP_PORT: "0",
  STATS_HTTP_PORT: "9102",
};

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("the suite in containers", () => {
  let compose: Compose;
  let console: Console;

  beforeAll(async () => {
    compose = await createCompose("suite", SETTINGS);
    await compose.run("build");
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await compose[Symbol.asyncDispose]();
  }, TEST_TIMEOUT_MS);

  /** How many times longer this machine takes than usual; 1 if it does not. */
  let slowness = 1;

  const attachedAt = (lines: readonly string[]): number =>
    lines.findIndex((line) => line.startsWith("Attaching to"));
  const isAttached = (): boolean => attachedAt(console.lines()) !== -1;

  /** What the console shows, from the moment at which it is attached. */
  function shown(): string[] {
    const lines = console.lines();
    const attached = attachedAt(lines);
    return attached === -1 ? [] : lines.slice(attached + 1).filter((line) => line !== "");
  }

  function updates(): number {
    return shown().filter((line) => /\|(\s+\d+(\.\d+)?){3}$/.test(line)).length;
  }

  interface Rows {
    count: number;
    last: number;
  }

  /** The rows up to an id, all of them when there is none. */
  async function rowsThrough(id = Number.MAX_SAFE_INTEGER): Promise<Rows> {
    const sql = `SELECT count(*) AS count, max(id) AS last FROM rows WHERE id <= ${id}`;
    const [rows] = await compose.query<Rows>(sql);
    return rows ?? { count: 0, last: 0 };
  }

  /** Waits until statistics that equal SQL contain rows that came after these. */
  async function goesOnAfter({ last, count }: Rows): Promise<void> {
    await eventually(async () => (await compose.verify()) > last, slowness * 30_000);
    expect(await rowsThrough(last)).toEqual({ last, count });
  }

  test(
    "shows within 30 s what the check says and the first statistics, and nothing else",
    async () => {
      const startedAtMs = performance.now();
      console = compose.start("up", "--build");
      await eventually(isAttached, TEST_TIMEOUT_MS / 2);
      slowness = Math.max(1, (performance.now() - startedAtMs) / USUAL_UP_MS);
      await eventually(() => updates() > 3, slowness * 30_000);
      const others = shown().filter((line) => !line.startsWith("stats-printer-1  | "));
      const inVain = (name: string) =>
        expect.stringContaining(`weir-1  | warning: ${name} has no effect in Compose: `);
      expect(others).toEqual([
        ...["BROKER", "BROKER_URL", "DB_FILE"].map(inVain),
        "weir-1  | the configuration is valid: 2 stream(s), 3 warning(s)",
        expect.stringContaining(`weir-1  | ports: 127.0.0.1:${compose.brokerPort} for MQTT`),
        expect.stringContaining("weir-1 exited with code 0"),
      ]);
      expect(await compose.run("logs", "logger")).toContain("connected to the broker");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "publishes averages that equal SQL over the store",
    async () => {
      expect(await compose.verify()).toBeGreaterThan(0);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "has nothing wrong, as weir doctor sees it",
    async () => {
      const shows = async () => {
        // It ends with 1, and throws, while a service is still starting.
        const { findings } = JSON.parse(await compose.weir("doctor", "--json"));
        const ready = SERVICES.filter((service) => service !== "mosquitto").map((service) =>
          expect.objectContaining({ found: expect.stringMatching(`^${service} is ready`) }),
        );
        const broker = expect.objectContaining({ found: expect.stringMatching(/2\.1\..*MQTT 5/) });
        expect(findings).toEqual(expect.arrayContaining([...ready, broker]));
        return true;
      };
      await eventually(shows, slowness * 30_000);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "exports what it has stored, and says how the logger does",
    async () => {
      const options = ["--stream", "data", "--format", "jsonl", "--limit", "3"];
      const lines = await compose.weir("export", ...options);
      const rows = lines.trim().split("\n");
      expect(rows.map((row) => JSON.parse(row))).toEqual(
        Array.from({ length: 3 }, () => expect.objectContaining({ topic: "DATA", qos: 1 })),
      );
      const topic = "weir/service/logger/performance";
      const wait = ["-t", topic, "-C", "1", "-W", "30"];
      const report = await compose.run("exec", "-T", "mosquitto", "mosquitto_sub", ...wait);
      expect(loggerPerformance.parse(JSON.parse(report)).streams).toHaveProperty("devices");
    },
    TEST_TIMEOUT_MS,
  );

  test.each(SERVICES)(
    "goes on when %s is killed and started again, and touches no other container",
    async (killed) => {
      const rows = await rowsThrough();
      const before = await compose.containers();
      await compose.run("kill", "--signal", "SIGKILL", killed);
      await compose.run("up", "--detach");

      if (killed === "stats-printer") {
        // Compose ends with the last container that it is attached to.
        await console.ended;
        console = compose.start("up");
      }
      const updatesBefore = updates();
      await goesOnAfter(rows);
      await eventually(() => updates() > updatesBefore, slowness * 30_000);
      const after = await compose.containers();
      expect(after.get(killed)?.startedAt).not.toBe(before.get(killed)?.startedAt);
      expect(new Set([...after.values()].map(({ restarts }) => restarts))).toEqual(new Set([0]));
      // The check is made again.
      for (const state of [before, after]) for (const one of [killed, "weir"]) state.delete(one);
      expect(after).toEqual(before);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "goes on when the printer is killed, as by the kernel where memory is short",
    async () => {
      const tables = () => shown().filter((line) => line.includes("avg_1min")).length;
      const tablesBefore = tables();
      await compose.killProcess("stats-printer");
      await eventually(() => tables() > tablesBefore, slowness * 30_000);
      const updatesBefore = updates();
      await eventually(() => updates() > updatesBefore, slowness * 30_000);
      expect((await compose.containers()).get("stats-printer")?.restarts).toBe(1);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "goes down by itself within 10 s, loses no row, and forgets with --volumes",
    async () => {
      const rows = await rowsThrough();
      // Who takes longer than 10 s is killed, and ends with 137.
      await compose.run("stop", "--timeout", "10");
      const stopped = [...(await compose.containers()).values()];
      expect(stopped.map(({ exitCode }) => exitCode)).toEqual(["weir", ...SERVICES].map(() => 0));
      await compose.run("down");
      await console.ended;

      await compose.run("up", "--detach");
      await goesOnAfter(rows);

      await compose.run("down", "--volumes");
      await compose.run("up", "--detach", "--wait", "logger");
      const { count } = await rowsThrough();
      expect(count).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );
});
