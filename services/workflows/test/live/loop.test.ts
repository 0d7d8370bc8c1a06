import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { Home, MINUTE_MS, Running } from "./subject.ts";

const FREEZER = `
flows:
  freezer:
    nodes:
      warm: { type: threshold, series: "zigbee2mqtt/freezer#temperature", above: -15, for: 10m, clearBelow: -17 }
      show: { type: debug }
    wires: [warm.yes -> show]
`;
const TOPIC = "zigbee2mqtt/freezer";

describe("workflows on a stream", () => {
  test("fire on time without another message", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(9 * MINUTE_MS);
    expect(running.path()).toEqual([]);
    home.clock.advance(MINUTE_MS + 1_000);
    expect(running.path()).toEqual(["warm:yes", "show:out"]);
    const [run] = running.log.runs.search({ limit: 1 });
    expect(run).toMatchObject({ about: "home:zigbee2mqtt/freezer#temperature", trigger: "warm" });
  });

  test("take up what was stored while they were down, in order and with its times", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using first = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(MINUTE_MS);
    await first[Symbol.asyncDispose]();
    home.clock.advance(5 * MINUTE_MS);
    home.receive(TOPIC, { temperature: -18 });
    home.clock.advance(MINUTE_MS);
    home.receive(TOPIC, { temperature: -13 });
    const warmMs = home.clock.now();
    home.clock.advance(60 * MINUTE_MS);
    await using second = new Running(home);
    home.clock.advance(1_000);
    expect(second.path()).toEqual(["warm:yes", "show:out"]);
    const [run] = second.log.runs.search({ limit: 1 });
    expect(run?.startedMs).toBe(warmMs + 10 * MINUTE_MS);
  });
});
