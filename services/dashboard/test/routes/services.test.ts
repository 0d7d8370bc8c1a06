import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { Gauge, startHttpServer } from "@weir/runtime";
import { createFakeClock, createTestContext, freePort } from "@weir/testkit";
import { services } from "../../src/contract/system.ts";
import { serviceRoutes } from "../../src/routes/services.ts";
import { OwnHealth } from "../../src/sources/own-health.ts";
import { ServicesHealth } from "../../src/sources/service-health.ts";
import { serverFor } from "../fixture.ts";

describe("services", () => {
  test("say how they are, why one is not ready, and which do not answer", async () => {
    const clock = createFakeClock();
    const logger = createTestContext();
    const check = logger.health.check("broker");
    check.fail("the broker is away");
    const registers = [logger.metrics];
    new Gauge({ name: "process_resident_memory_bytes", help: "-", registers }).set(5e7);
    new Gauge({ name: "process_start_time_seconds", help: "-", registers }).set(1_700_000_000);
    await using http = await startHttpServer({
      ...logger,
      host: "127.0.0.1",
      port: 0,
      portSetting: "",
    });
    const other = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    const at = (port: number) => `http://127.0.0.1:${port}`;
    const health = new ServicesHealth(
      [
        { name: "logger", url: at(http.port) },
        { name: "stats", url: at(await freePort()) },
        { name: "other", url: at((other.address() as AddressInfo).port) },
      ],
      clock,
    );
    const link = { state: { isConnected: false, sinceMs: null, reason: "it refuses" } };
    const own = new OwnHealth({ ...createTestContext(clock), link });
    const server = await serverFor((api) => serviceRoutes(api, health, () => own.all()));
    const ask = async () =>
      new Map(
        services
          .parse((await server.inject("/api/v1/services")).json())
          .services.map((one) => [one.name, one]),
      );

    const found = await ask();
    expect([...found.keys()]).toEqual(["broker", "dashboard", "logger", "stats", "other"]);
    expect(found.get("broker")).toMatchObject({ state: "away", reasons: ["it refuses"] });
    expect(found.get("logger")).toMatchObject({
      state: "not ready",
      reasons: ["broker: the broker is away"],
      memoryBytes: 5e7,
      startedMs: 1.7e12,
    });
    expect(found.get("stats")).toMatchObject({
      state: "away",
      reasons: [expect.stringContaining("ECONNREFUSED")],
    });
    expect(found.get("other")?.reasons).toEqual([
      expect.stringContaining("it is no service of Weir"),
    ]);

    check.pass(["shared subscriptions are missing"]);
    expect((await ask()).get("logger")?.state).toBe("not ready");
    clock.advance(5_000);
    expect((await ask()).get("logger")).toMatchObject({
      state: "ready",
      reasons: [],
      warnings: ["shared subscriptions are missing"],
    });
    await server.close();
    other.close();
  });
});
