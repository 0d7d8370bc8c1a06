import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { AnnouncementEntry } from "@weir/protocol";
import {
  connack,
  connectTestClient,
  NOTHING_CONFIGURED,
  openTestStore,
  rowOf,
  START_US,
  type StandIn,
  startStandIn,
  temporaryFolder,
} from "@weir/testkit";

// Processes are started, some of them one after the other.
jest.setTimeout(180_000);

const WEIR = fileURLToPath(new URL("../../weir/src/main.ts", import.meta.url));

interface Place {
  port: number;
  file: string;
  cwd: string;
  weirFile?: string;
}

/** `weir audit` as a separate process. */
async function audit({ port, file, cwd, weirFile = NOTHING_CONFIGURED }: Place, ...argv: string[]) {
  const env = { BROKER: `127.0.0.1:${port}`, DB_FILE: file, WEIR_FILE: weirFile };
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [WEIR, "audit", ...argv], { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** A store that has the numbers of an outbox. */
function fill(file: string, publisher: string, numbers: readonly number[]): void {
  using store = openTestStore(file);
  const epochtime = START_US / 1e6;
  store.append(
    numbers.map((seq) =>
      rowOf(JSON.stringify({ number: seq, epochtime, publisher, epoch: "e1", seq })),
    ),
  );
}

/** An announcement of ten messages that have all left the outbox. */
function announcement(entry: Partial<AnnouncementEntry> = {}): string {
  const full = { epoch: "e1", topic: "DATA", accepted: 10, oldestUnsent: 11, abandoned: [] };
  return JSON.stringify({ at: 1, entries: [{ ...full, ...entry }] });
}

/**
 * Starts a broker that sends retained messages only to a subscription of their very topic, as RabbitMQ does.
 *
 * @param retained payloads by topic.
 */
function startExactBroker(retained: Readonly<Record<string, string>>): Promise<StandIn> {
  const flags = { cmd: "publish", qos: 0, dup: false } as const;
  return startStandIn({
    // It speaks only MQTT 3.1.1.
    connect: ({ protocolVersion }, peer) => {
      if (protocolVersion === 5) peer.socket.end(Buffer.from([0x20, 2, 0, 1]));
      else peer.send(connack());
    },
    subscribe: ({ messageId = 0, subscriptions }, peer) => {
      peer.send({ cmd: "suback", messageId, granted: subscriptions.map(() => 1) });
      for (const { topic } of subscriptions) {
        const payload = retained[topic];
        if (payload !== undefined) peer.send({ ...flags, topic, payload, retain: true });
      }
    },
    unsubscribe: ({ messageId = 0 }, peer) =>
      peer.send({ cmd: "unsuback", messageId, granted: [] }),
    // The publisher has subscribed to its topic.
    publish: ({ messageId = 0, topic, payload }, peer) =>
      peer.send({ cmd: "puback", messageId }, { ...flags, topic, payload, retain: false }),
  });
}

const TEN = Array.from({ length: 10 }, (_, index) => index + 1);

async function retain(port: number, publisher: string, payload: string): Promise<void> {
  await using client = await connectTestClient(port);
  await client.publish(`weir/publisher/${publisher}`, payload, { qos: 1, retain: true });
}

describe("weir audit", () => {
  test("finds what is missing where the broker sends nothing retained to a wildcard", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", [1, 2, 3, 5, 6, 7, 8, 9, 10]);
    await using broker = await startExactBroker({ "weir/publisher/kitchen": announcement() });
    const { code, stdout } = await audit({ port: broker.port, file, cwd: folder.path });
    expect(stdout).toContain("judged 1: missing 1.");
    expect(code).toBe(1);
  });

  test("says of whom it found no announcement, and ends with 2 when nothing could be judged", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", [1, 3]);
    await using broker = await startBroker();
    const place = { port: broker.port, file, cwd: folder.path };
    const alone = await audit(place);
    expect(alone.stdout).toContain("nothing could be judged.");
    expect(alone.stdout).toContain(
      "kitchen: the broker keeps no announcement on weir/publisher/kitchen",
    );
    expect(alone.stdout).not.toContain("missing 0");
    expect(alone.code).toBe(2);
  });

  test("says that there are no publishers", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    openTestStore(file)[Symbol.dispose]();
    await using broker = await startBroker();
    const { code, stdout } = await audit({ port: broker.port, file, cwd: folder.path });
    expect(stdout).toContain("There are no publishers with an outbox");
    expect(code).toBe(2);
  });

  test("names what an invented publisher claims, and judges the others as if it were not there", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", TEN);
    await using broker = await startBroker();
    await retain(broker.port, "kitchen", announcement());
    await retain(broker.port, "ghost", announcement({ accepted: 9e15, oldestUnsent: 9e15 }));
    const place = { port: broker.port, file, cwd: folder.path };
    const { code, stdout } = await audit(place);
    expect(stdout).toContain("judged 1: missing 0.");
    expect(stdout).toContain("ghost: the ledger knows no such publisher");
    expect(code).toBe(0);
    expect((await audit(place, "--strict")).code).toBe(3);
    expect((await audit(place, "--publisher", "kitchen", "--strict")).code).toBe(0);
    expect((await audit(place, "--publisher", "ghost")).code).toBe(2);
    const absent = await audit(place, "--publisher", "absent");
    expect(absent.stdout).toContain("Neither the ledger nor the broker knows a publisher absent.");
    expect(absent.code).toBe(2);
  });

  test("asks whether store and broker belong together when no publisher is in both", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", TEN);
    await using broker = await startBroker();
    await retain(broker.port, "garden", announcement());
    const { code, stdout } = await audit({ port: broker.port, file, cwd: folder.path });
    expect(stdout).toContain("do DB_FILE and BROKER belong together?");
    expect(code).toBe(2);
  });

  test("asks each broker that feeds a stream", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", TEN);
    await using broker = await startBroker();
    await using second = await startBroker();
    await retain(broker.port, "kitchen", announcement());
    await retain(second.port, "ghost", announcement());
    const weirFile = folder.file("weir.yaml");
    const other = { filters: ["other/#"], broker: "second" };
    const brokers = { second: { url: `mqtt://127.0.0.1:${second.port}` } };
    writeFileSync(weirFile, JSON.stringify({ brokers, streams: { other } }));
    const place = { port: broker.port, file, cwd: folder.path, weirFile };
    const { code, stdout } = await audit(place);
    expect(stdout).toContain("judged 1: missing 0.");
    expect(stdout).toContain("ghost: the ledger knows no such publisher");
    expect(code).toBe(0);
  });

  test("prints a hundred lines, the worst first, and all of them as JSON", async () => {
    using folder = temporaryFolder();
    const file = folder.file("weir.db");
    fill(file, "kitchen", [1, 2, 3]);
    await using broker = await startBroker();
    await retain(broker.port, "kitchen", announcement());
    const entries = TEN.flatMap((ten) =>
      TEN.map((one) => ({ ...JSON.parse(announcement()).entries[0], topic: `DATA/${ten}/${one}` })),
    );
    await retain(broker.port, "ghost", JSON.stringify({ at: 1, entries }));
    const place = { port: broker.port, file, cwd: folder.path };
    const table = await audit(place);
    const [head, first] = table.stdout.split("\n");
    expect(head).toContain("publisher");
    expect(first).toContain("7 (4-10)");
    expect(table.stdout).toContain("… and 1 more lines; --all or --json has them.");
    const json = (await audit(place, "--json")).stdout.trim().split("\n");
    expect(json).toHaveLength(102);
    expect(JSON.parse(json.at(-1) as string)).toMatchObject({ judged: 1, missing: 7 });
  });
});
