import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { connack, createFakeClock, eventually, startStandIn } from "@weir/testkit";
import type { Shortfall } from "../src/index.ts";
import { startTrial, TRANSPORTS } from "./fixture.ts";

const CONNECT_MS = 10_000;
const SETTING = { clientId: "weir-logger", clientIdSetting: "LOGGER_CLIENT_ID" } as const;

describe.each(TRANSPORTS)("two clients of one id, by %s:", (transport) => {
  test("the setting is named, and each takeover is waited for longer than the last", async () => {
    await using broker = await startStandIn({
      connect: (_, peer) => peer.send(connack(), { cmd: "disconnect", reasonCode: 0x8e }),
    });
    const fake = createFakeClock();
    const waitsMs: number[] = [];
    const clock = {
      ...fake,
      schedule: (delayMs: number, task: () => void) => {
        if (delayMs !== CONNECT_MS) waitsMs.push(delayMs);
        return fake.schedule(delayMs, task);
      },
    };
    let shortfalls: readonly Shortfall[] = [];
    let takeovers = 0;
    await using trial = startTrial(broker.url, {
      ...SETTING,
      transport,
      clock,
      random: () => 0.5,
      onTakeover: () => {
        takeovers += 1;
      },
      onShortfalls: (found) => {
        shortfalls = found;
      },
    });
    // A long wait for the other client, then the usual one.
    for (const count of [1, 2, 3, 4, 5, 6]) {
      await eventually(() => waitsMs.length === count);
      fake.advance(waitsMs.at(-1) as number);
    }
    await eventually(() => takeovers === 4);
    expect(waitsMs.slice(0, 6)).toEqual([500, 100, 1_000, 200, 2_000, 400]);
    expect(trial.warnings[0]).toContain(
      "(another client has the same client id weir-logger); trying until there is one. Does it run twice? Give one of the two another client id: LOGGER_CLIENT_ID.",
    );
    expect(trial.warnings.join()).not.toContain("is BROKER right?");
    expect(shortfalls).toEqual([
      { kind: "client id", reason: expect.stringContaining("LOGGER_CLIENT_ID") },
    ]);
  });

  test("a broker that says nothing is understood after three short connections", async () => {
    await using broker = await startBroker();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    await using one = startTrial(url, { ...SETTING, transport, random: () => 0.01 });
    await eventually(() => one.states.length > 0);
    await using other = startTrial(url, { ...SETTING, transport, random: () => 0.01 });
    const warnings = () => [...one.warnings, ...other.warnings];
    const warning = await eventually(() =>
      warnings().find((text) => text.includes("LOGGER_CLIENT_ID")),
    );
    expect(warning).toContain("perhaps another client has the same client id weir-logger");
  });
});
