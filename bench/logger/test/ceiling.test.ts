import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { cpuUs } from "../../process.ts";
import { type Source, startGenerator, startStandIn } from "../load.ts";
import { folderWithRows, openStoredRows, weir } from "../weir.ts";

// Processes are started, and measured.
jest.setTimeout(120_000);

const load = { count: 1_000, qos: 1, topics: ["DATA"] } as const;
const program = new URL("../../../services/logger/src/main.ts", import.meta.url).pathname;

test("the logger takes what the stand-in writes for a broker's, and stores all of it", async () => {
  using folder = temporaryFolder();
  await using standIn = await startStandIn();
  await using running = await weir({ name: "Weir", program }).start({
    port: standIn.port,
    filter: "DATA",
    qos: 1,
    encrypted: null,
    payloadBytes: 0,
    folder: folder.path,
  });
  expect(await Promise.race([standIn.subscribed(), running.failed])).toBe(5);
  for (const pace of [
    { kind: "saturation", window: 300 },
    { kind: "even", perSecond: 5_000 },
  ] as const) {
    const before = await running.counted();
    const busyUs = cpuUs(running.pid);
    await standIn.prepare({ ...load, pace });
    const sent = await Promise.race([standIn.send(), running.failed]);
    expect(sent.acknowledged).toBe(load.count);
    // What is acknowledged is stored already.
    expect((await running.counted()) - before).toBe(load.count);
    expect(cpuUs(running.pid)).toBeGreaterThan(busyUs);
  }
});

test("the generator's load is acknowledged by what takes it", async () => {
  await using standIn = await startStandIn();
  await using generator: Source = await startGenerator(standIn.port, 5);
  await generator.prepare({ ...load, pace: { kind: "saturation", window: 20 } });
  expect((await generator.send()).acknowledged).toBe(load.count);
});

test("a prefilled file holds so many rows of the stream data", async () => {
  using folder = temporaryFolder();
  const { signal } = new AbortController();
  const bench = { folder: () => folder.path, say: () => {}, signal };
  const full = await folderWithRows(bench, { rows: 30_000, fromMinutesAgo: 30, minutes: 30 });
  const file = join(full, "weir.db");
  using rows = openStoredRows({ data: { kind: "file", file } });
  expect(rows.count()).toBe(30_000);
});
