import { describe, expect, test } from "@jest/globals";
import { Health, Registry, watchBroker } from "@weir/runtime";

const RETAIN = { kind: "retain", reason: "it keeps no retained messages" };
const FILTER = { kind: "filter", reason: "cannot subscribe to b" };

function watch() {
  const health = new Health();
  const metrics = new Registry();
  return { health, metrics, broker: watchBroker({ health, metrics }) };
}

describe("a service's broker", () => {
  test("is ready with warnings while it grants less, and not while it refuses a filter", async () => {
    const { health, metrics, broker } = watch();
    broker.onShortfalls([RETAIN, FILTER]);
    expect(health.report().checks).toEqual({ broker: "starting" });
    broker.onConnected();
    expect(health.report()).toMatchObject({ ready: false, checks: { broker: FILTER.reason } });
    expect(await metrics.metrics()).toContain(
      'weir_broker_shortfalls{connection="broker",kind="filter"} 1',
    );
    broker.onShortfalls([RETAIN]);
    expect(health.report()).toEqual({
      ready: true,
      checks: { broker: "ok" },
      warnings: { broker: [RETAIN.reason] },
    });
    expect(await metrics.metrics()).not.toContain('kind="filter"');
    broker.onDisconnected("it went away");
    expect(health.report()).toMatchObject({ ready: false, warnings: {} });
  });

  test("counts takeovers by connection", async () => {
    const { health, metrics, broker } = watch();
    watchBroker({ health, metrics }, "broker-plant").onTakeover();
    broker.onTakeover();
    broker.onTakeover();
    const text = await metrics.metrics();
    expect(text).toContain('weir_broker_takeovers_total{connection="broker"} 2');
    expect(text).toContain('weir_broker_takeovers_total{connection="broker-plant"} 1');
  });
});
