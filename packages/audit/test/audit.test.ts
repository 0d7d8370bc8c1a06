import { writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type AuditLine, type AuditTask, audit } from "@weir/audit";
import { openSegmentedStore, type SegmentedStore } from "@weir/store";
import { readStreams } from "@weir/streams";
import {
  createTestContext,
  rowOf,
  START_US,
  type StandIn,
  startStandIn,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";

const DAY_US = 86_400_000_000;
const ANNOUNCED = "weir/publisher/kitchen";
const flags = { cmd: "publish", qos: 0, dup: false } as const;

/** A stream `home` in a folder, with the numbers 1 to 3 of an outbox. */
function openHome(folder: TemporaryFolder): SegmentedStore {
  const store = openSegmentedStore({
    folder: folder.file("home"),
    stream: "home",
    synchronous: "NORMAL",
    nowUs: START_US,
  });
  store.append([1, 2, 3].map(numbered));
  return store;
}

function numbered(seq: number) {
  const outbox = { publisher: "kitchen", epoch: "e1", seq };
  return rowOf(JSON.stringify({ number: seq, epochtime: START_US / 1e6, ...outbox }));
}

/** An announcement of so many messages that have all left the outbox. */
function announcement(accepted: number): string {
  const entry = { epoch: "e1", topic: "DATA", accepted, oldestUnsent: accepted + 1, abandoned: [] };
  return JSON.stringify({ at: 1, entries: [entry] });
}

/** A broker that has one announcement. @param onAsked is called before that is sent. */
function startBroker(payload: string, onAsked: () => void = () => {}): Promise<StandIn> {
  return startStandIn({
    subscribe: ({ messageId = 0, subscriptions }, peer) => {
      peer.send({ cmd: "suback", messageId, granted: subscriptions.map(() => 1) });
      if (subscriptions.every(({ topic }) => topic !== "weir/publisher/+")) return;
      onAsked();
      peer.send({ ...flags, topic: ANNOUNCED, payload, retain: true });
    },
    publish: ({ messageId = 0, topic, payload: mark }, peer) =>
      peer.send({ cmd: "puback", messageId }, { ...flags, topic, payload: mark, retain: false }),
  });
}

async function auditHome(
  folder: TemporaryFolder,
  broker: StandIn,
  more: Partial<AuditTask> = {},
): Promise<{ lines: AuditLine[]; missing: number; judged: number }> {
  const weirFile = folder.file("weir.yaml");
  const home = { filters: ["DATA"], folder: folder.file("home") };
  writeFileSync(weirFile, JSON.stringify({ streams: { home } }));
  const environment = { BROKER: `127.0.0.1:${broker.port}`, WEIR_FILE: weirFile };
  const { streams, brokers } = readStreams({ ...environment, DB_FILE: folder.file("weir.db") });
  const lines: AuditLine[] = [];
  const { missing, judged } = await audit({
    streams: streams.filter(({ name }) => name === "home"),
    brokers,
    only: null,
    logger: createTestContext().logger,
    onLine: (line) => lines.push(line),
    ...more,
  });
  return { lines, missing, judged };
}

describe("an audit", () => {
  test("finds what has left the outbox and is not stored", async () => {
    using folder = temporaryFolder();
    using _store = openHome(folder);
    await using broker = await startBroker(announcement(5));
    const { lines, missing } = await auditHome(folder, broker);
    expect(missing).toBe(2);
    expect(lines).toMatchObject([{ stream: "home", publisher: "kitchen", missing: [[4, 5]] }]);
  });

  test("misses nothing of a stream that rotates while the broker answers", async () => {
    using folder = temporaryFolder();
    using store = openHome(folder);
    await using broker = await startBroker(announcement(5), () => {
      store.rotate(START_US + DAY_US);
      store.append([4, 5].map(numbered));
    });
    expect(await auditHome(folder, broker)).toMatchObject({ judged: 1, missing: 0 });
  });

  test("connects with a client id of its caller", async () => {
    using folder = temporaryFolder();
    using _store = openHome(folder);
    await using broker = await startBroker(announcement(3));
    await auditHome(folder, broker, { clientIdPrefix: "weir-dashboard-audit" });
    const [connect] = broker.peers[0]?.received ?? [];
    expect(connect).toMatchObject({ clientId: expect.stringMatching(/^weir-dashboard-audit-/) });
  });

  test("ends with the reason of its signal while a broker does not answer", async () => {
    using folder = temporaryFolder();
    using _store = openHome(folder);
    const stopping = new AbortController();
    const reason = new Error("the service stops");
    await using broker = await startStandIn({ connect: () => stopping.abort(reason) });
    const audited = auditHome(folder, broker, { signal: stopping.signal });
    await expect(audited).rejects.toBe(reason);
  });
});
