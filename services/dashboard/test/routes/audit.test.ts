import { rmSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readLoggerConfig } from "@weir/logger/config";
import {
  createFakeClock,
  createTestContext,
  eventually,
  NOTHING_CONFIGURED,
  temporaryFolder,
} from "@weir/testkit";
import { type Audit, audit } from "../../src/contract/system.ts";
import { auditRoutes } from "../../src/routes/audit.ts";
import { AuditRunner } from "../../src/sources/audit-runner.ts";
import { serverFor } from "../fixture.ts";
import { type RunningLogger, startRunningLogger } from "../running-logger.ts";

const ANNOUNCED = "weir/publisher/kitchen";

/** Messages of an outbox with these numbers. */
async function publish({ client }: RunningLogger, numbers: readonly number[]): Promise<void> {
  for (const seq of numbers) {
    const outbox = { publisher: "kitchen", epoch: "e1", seq };
    const reading = { number: seq, epochtime: Date.now() / 1_000, ...outbox };
    await client.publish("DATA", JSON.stringify(reading), { qos: 1 });
  }
}

async function announce({ client }: RunningLogger, accepted: number): Promise<void> {
  const entry = { epoch: "e1", topic: "DATA", accepted, oldestUnsent: accepted, abandoned: [] };
  const payload = JSON.stringify({ at: 1, entries: [entry] });
  await client.publish(ANNOUNCED, payload, { qos: 1, retain: true });
}

async function audited(port: number, file: string, clock = createFakeClock()) {
  const { streams } = readLoggerConfig({
    BROKER: `127.0.0.1:${port}`,
    DB_FILE: file,
    WEIR_FILE: NOTHING_CONFIGURED,
  });
  const context = createTestContext(clock);
  const runner = new AuditRunner({ ...streams, ...context });
  const server = await serverFor((api) => auditRoutes(api, runner), context);
  return {
    clock,
    runner,
    latest: async (): Promise<Audit> => audit.parse((await server.inject("/api/v1/audit")).json()),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await runner[Symbol.asyncDispose]();
    },
  };
}

describe("the audit", () => {
  test("adds up by publisher, and again a minute later while somebody asks", async () => {
    using folder = temporaryFolder();
    await using logger = await startRunningLogger(folder);
    await using subject = await audited(logger.brokerPort, folder.file("weir.db"));
    const { clock, latest, runner } = subject;
    expect(await latest()).toMatchObject({ atMs: null, publishers: [], problem: null });
    expect(runner.missing()).toBeNull();

    await publish(logger, [1, 2, 5]);
    await announce(logger, 6);
    const sum = { publisher: "kitchen", accepted: 6, waiting: 1, duplicates: 0, doubts: [] };
    const found = await eventually(async () => {
      clock.advance(60_000);
      const one = await latest();
      return one.publishers[0]?.stored === 3 ? one : null;
    });
    expect(found).toMatchObject({ judged: 1, missing: 2, problem: null });
    expect(found.publishers).toMatchObject([
      {
        ...sum,
        stored: 3,
        missing: 2,
        missingRanges: [{ stream: "data", topic: "DATA", ranges: [[3, 4]] }],
      },
    ]);
    expect(runner.missing()).toEqual({ count: 2, atMs: found.atMs });

    await publish(logger, [3, 4]);
    const healed = await eventually(async () => {
      clock.advance(60_000);
      const one = await latest();
      return one.missing === 0 ? one : null;
    });
    expect(healed.publishers).toMatchObject([{ ...sum, stored: 5, missing: 0, missingRanges: [] }]);
  });

  test("says why it could not be made, beside what it found before", async () => {
    using folder = temporaryFolder();
    await using logger = await startRunningLogger(folder);
    await using subject = await audited(logger.brokerPort, folder.file("weir.db"));
    const { clock, latest } = subject;
    await publish(logger, [1]);
    await announce(logger, 1);
    const found = await eventually(async () => {
      clock.advance(60_000);
      const one = await latest();
      return one.judged === 1 ? one : null;
    });
    rmSync(folder.file("weir.db"));
    rmSync(folder.file("devices"), { recursive: true });
    const failed = await eventually(async () => {
      clock.advance(60_000);
      const one = await latest();
      return one.problem === null ? null : one;
    });
    expect(failed.atMs).toBeGreaterThanOrEqual(found.atMs as number);
    expect(failed.problem).toContain("there is no store");
  });
});
