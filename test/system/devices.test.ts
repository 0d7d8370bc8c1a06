import { randomUUID } from "node:crypto";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type CommandAck, parseCommandAck, parseStatistics } from "@weir/protocol";
import { connectTestClient, eventually, hasDocker, type TestClient } from "@weir/testkit";
import { type Compose, createCompose } from "./compose.ts";

const START_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 180_000;
const DEVICE = "devices/kitchen";
const FILE_BYTES = 50_000_000;
/** Others write to this disk, too. */
const SLACK_GB = 0.04;

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("the device of the suite", () => {
  let compose: Compose;
  let client: TestClient;

  beforeAll(async () => {
    compose = await createCompose("devices", { DEVICE_INTERVAL_SECONDS: "10" });
    await compose.run("up", "--build", "--detach", "--wait", "device-agent", "stats");
    client = await connectTestClient(compose.brokerPort, "#");
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await compose[Symbol.asyncDispose]();
  }, TEST_TIMEOUT_MS);

  /** Sends a command and waits for how it ends. */
  async function command(name: string, payload: unknown = null): Promise<CommandAck> {
    const id = crypto.randomUUID();
    const sent = JSON.stringify({ id, name, payload, issuedAt: Date.now() });
    await client.publish(`${DEVICE}/command`, sent, { qos: 1 });
    return await eventually(
      () =>
        client.received
          .filter(({ topic }) => topic === `${DEVICE}/command/ack`)
          .flatMap((message) => parseCommandAck(message.payload) ?? [])
          .find((ack) => ack.id === id && !["received", "running"].includes(ack.status)),
      TEST_TIMEOUT_MS,
    );
  }

  interface State {
    data: Record<string, number>;
    interval: number;
  }

  /** All of a state, now. */
  async function reported(): Promise<State> {
    const before = client.received.length;
    await command("report_now");
    return await eventually(() => {
      const state = client.received.slice(before).find(({ topic }) => topic === `${DEVICE}/state`);
      return state === undefined ? null : (JSON.parse(state.payload.toString()) as State);
    });
  }

  const sandbox = async (): Promise<string[]> =>
    (await compose.run("exec", "-T", "device-agent", "ls", "-l", "/data/device/sandbox"))
      .split("\n")
      .filter((line) => line.includes(".out"));

  /** Bytes that `df` calls used on the disk of the sandbox. */
  async function used(): Promise<number> {
    const df = ["df", "-B1", "--output=used", "/"];
    const text = await compose.run("exec", "-T", "device-agent", ...df);
    return Number(text.trim().split("\n").at(-1));
  }

  test(
    "is there: its availability, its states in the stream devices, its statistics",
    async () => {
      const isThere = (topic: string, text: string) =>
        client.received.some((one) => one.topic === topic && one.payload.toString() === text);
      await eventually(() => isThere(`${DEVICE}/availability`, "online"));
      await reported();
      const topic = "STATS/kitchen/drive-space-used";
      const statistics = await eventually(() => {
        const message = client.received.find((one) => one.topic === topic);
        return message === undefined ? null : parseStatistics(message.payload);
      }, TEST_TIMEOUT_MS);
      expect(statistics.windows["1min"].count).toBeGreaterThan(0);

      const options = ["--stream", "devices", "--topic", `${DEVICE}/state`, "--format", "jsonl"];
      const rows = await compose.weir("export", ...options);
      expect(rows).toContain("drive-space-used");

      // As on a machine whose user has the id of the container's.
      chmodSync("exports", 0o777);
      const file = `exports/${randomUUID()}.jsonl`;
      await compose.weir("export", ...options, "--output", file);
      expect(readFileSync(file, "utf8")).toContain("drive-space-used");
      rmSync(file);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "makes a file and removes it; the disk and the next state agree",
    async () => {
      const before = await reported();
      expect(await command("add_1gb_file", FILE_BYTES)).toMatchObject({ status: "done" });
      expect(await sandbox()).toEqual([expect.stringContaining(String(FILE_BYTES))]);
      const [full, usedBytes] = [await reported(), await used()];
      const key = "drive-space-used";
      const grownGb = (full.data[key] ?? 0) - (before.data[key] ?? 0);
      expect(Math.abs(grownGb - FILE_BYTES / 1e9)).toBeLessThan(SLACK_GB);
      expect(Math.abs((full.data[key] ?? 0) - usedBytes / 1e9)).toBeLessThan(SLACK_GB);
      expect(await command("rm_1gb_file")).toMatchObject({ status: "done", result: { files: 1 } });
      expect(await sandbox()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "changes its interval at once, and keeps it over a restart by command",
    async () => {
      expect(await command("change_send_interval", "30")).toMatchObject({ status: "done" });
      expect((await reported()).interval).toBe(30);
      expect(await command("restart")).toMatchObject({ status: "done" });
      expect((await reported()).interval).toBe(30);
    },
    TEST_TIMEOUT_MS,
  );
});
