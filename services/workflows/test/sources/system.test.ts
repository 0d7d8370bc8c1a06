import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import type { HeardSystem } from "@weir/flows";
import { openSegmentedStore } from "@weir/store";
import { readStreams } from "@weir/streams";
import {
  connectTestClient,
  createFakeClock,
  createTestContext,
  eventually,
  rowOf,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { type LinkState, SystemWatch } from "../../src/sources/system.ts";

const ALL = ["disk", "audit", "broker"] as const;

/** What it says, and what a test changes. */
function watch(
  folder: TemporaryFolder,
  { port = 1, asked = ALL }: { port?: number; asked?: readonly HeardSystem["about"][] },
) {
  const weirFile = folder.file("weir.yaml");
  const home = { filters: ["DATA"], folder: folder.file("home") };
  writeFileSync(weirFile, JSON.stringify({ streams: { home } }));
  const storeFile = folder.file("weir.db");
  const environment = { BROKER: `127.0.0.1:${port}`, WEIR_FILE: weirFile, DB_FILE: storeFile };
  const { streams, brokers } = readStreams(environment);
  const clock = createFakeClock();
  const heard: HeardSystem[] = [];
  const changed: (() => void)[] = [];
  const link = {
    state: { isConnected: false, sinceMs: null, reason: null } as LinkState,
    onChange: (change: () => void) => void changed.push(change),
  };
  const subject = new SystemWatch({
    streams: streams.filter(({ name }) => name === "home"),
    brokers,
    storeFile,
    link,
    isAskedFor: (about) => asked.includes(about),
    take: (one) => heard.push(one),
    context: createTestContext(clock),
  });
  return {
    ...{ clock, heard, subject },
    become: (state: LinkState) => {
      link.state = state;
      for (const change of changed) change();
    },
    of: (about: HeardSystem["about"]) => heard.filter((one) => one.about === about),
    [Symbol.asyncDispose]: () => subject[Symbol.asyncDispose](),
  };
}

describe("what Weir says of itself", () => {
  test("the disk of the store, again and again", async () => {
    using folder = temporaryFolder();
    await using watched = watch(folder, { asked: ["disk"] });
    watched.subject.look();
    const [first] = await eventually(() => watched.of("disk").length > 0 && watched.of("disk"));
    if (first?.about !== "disk") throw new Error("it is not the disk");
    expect(first.usedPercent).toBeGreaterThan(0);
    expect(first.usedPercent).toBeLessThanOrEqual(100);
    watched.clock.advance(30_000);
    await eventually(() => watched.of("disk").length === 2);
    expect(watched.heard).toHaveLength(2);
  });

  test("the broker, as soon as it is away and when it is back", async () => {
    using folder = temporaryFolder();
    await using watched = watch(folder, { asked: ["broker"] });
    watched.subject.look();
    expect(watched.heard).toEqual([]);
    watched.become({ isConnected: false, sinceMs: 1, reason: "connection refused" });
    watched.become({ isConnected: true, sinceMs: 2, reason: null });
    expect(watched.heard).toEqual([
      { kind: "system", about: "broker", isAway: true, reason: "connection refused" },
      { kind: "system", about: "broker", isAway: false, reason: null },
    ]);
  });

  test("messages that an audit misses", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using publisher = await connectTestClient(broker.port);
    const of = { epoch: "e1", topic: "DATA", accepted: 5, oldestUnsent: 6, abandoned: [] };
    const announcement = JSON.stringify({ at: 1, entries: [of] });
    await publisher.publish("weir/publisher/kitchen", announcement, { qos: 1, retain: true });
    using store = openSegmentedStore({
      folder: folder.file("home"),
      stream: "home",
      synchronous: "NORMAL",
      nowUs: START_US,
    });
    const outbox = { publisher: "kitchen", epoch: "e1" };
    const reading = { number: 1, epochtime: START_US / 1e6 };
    store.append([1, 2, 3].map((seq) => rowOf(JSON.stringify({ ...reading, ...outbox, seq }))));
    await using watched = watch(folder, { port: broker.port, asked: ["audit"] });
    watched.subject.look();
    await eventually(() => watched.heard.length > 0);
    expect(watched.heard).toEqual([{ kind: "system", about: "audit", missing: 2 }]);
  });

  test("nothing that no workflow asks for", async () => {
    using folder = temporaryFolder();
    await using watched = watch(folder, { asked: [] });
    watched.subject.look();
    watched.become({ isConnected: false, sinceMs: 1, reason: null });
    watched.clock.advance(600_000);
    await watched.subject[Symbol.asyncDispose]();
    expect(watched.heard).toEqual([]);
  });

  test("what cannot be looked at is left out, and the rest goes on", async () => {
    using folder = temporaryFolder();
    await using watched = watch(folder, { asked: ["disk", "broker"] });
    watched.become({ isConnected: true, sinceMs: 1, reason: null });
    rmSync(folder.file(""), { recursive: true, force: true });
    watched.subject.look();
    watched.clock.advance(30_000);
    await watched.subject[Symbol.asyncDispose]();
    expect(new Set(watched.heard.map(({ about }) => about))).toEqual(new Set(["broker"]));
  });
});
