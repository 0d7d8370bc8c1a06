import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { Home, ROUND_MS, Running } from "./subject.ts";

const BATTERIES = `
flows:
  batteries:
    nodes:
      low: { type: threshold, series: "zigbee2mqtt/+#battery", below: 10, clearAbove: 20 }
      alert: { type: alert, title: "{{deviceName}}: {{value}} %" }
    wires: [low.yes -> alert.raise, low.no -> alert.clear]
`;

function start(folder: ReturnType<typeof temporaryFolder>) {
  const home = new Home(folder);
  home.write(BATTERIES);
  const running = new Running(home);
  const battery = (device: string, percent: number): void => {
    home.receive(`zigbee2mqtt/${device}`, { battery: percent });
    home.clock.advance(1_000);
  };
  const alerts = () =>
    running.log.alerts
      .search({ state: "all", limit: 10 })
      .alerts.map(({ title, state }) => `${title} ${state}`);
  const decide = (state: "acknowledged" | "cleared") => {
    const [alert] = running.log.alerts.search({ state: "open", limit: 1 }).alerts;
    const decided = running.workflows.loop.decide({ id: alert?.id ?? 0, state, by: "ada" });
    home.clock.advance(ROUND_MS);
    return decided;
  };
  return {
    ...{ home, running, battery, alerts, decide },
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

describe("alerts", () => {
  test("are one for each device, and are over when the condition is", async () => {
    using folder = temporaryFolder();
    await using subject = start(folder);
    const { battery, alerts } = subject;
    battery("attic", 8);
    battery("cellar", 9);
    battery("attic", 7);
    expect(alerts()).toEqual(["cellar: 9 % new", "attic: 8 % new"]);
    battery("attic", 90);
    expect(alerts()).toEqual(["cellar: 9 % new", "attic: 8 % cleared"]);
    battery("attic", 5);
    expect(alerts()).toEqual(["attic: 5 % new", "cellar: 9 % new", "attic: 8 % cleared"]);
  });

  test("are acknowledged and cleared by a person, and raised again after that", async () => {
    using folder = temporaryFolder();
    await using subject = start(folder);
    const { battery, alerts, decide } = subject;
    battery("attic", 8);
    expect(await decide("acknowledged")).toMatchObject({ state: "acknowledged" });
    expect(await decide("cleared")).toMatchObject({ state: "cleared", clearedBy: "ada" });
    battery("attic", 90);
    battery("attic", 5);
    expect(alerts()).toEqual(["attic: 5 % new", "attic: 8 % cleared"]);
  });

  test("of a workflow that was removed are over; a new title leaves them as they are", async () => {
    using folder = temporaryFolder();
    await using subject = start(folder);
    const { home, running, battery, alerts } = subject;
    battery("attic", 8);
    home.write(BATTERIES.replace("{{deviceName}}:", "battery of {{deviceName}}:"));
    running.reload();
    home.clock.advance(ROUND_MS);
    expect(alerts()).toEqual(["attic: 8 % new"]);
    battery("attic", 90);
    expect(alerts()).toEqual(["attic: 8 % cleared"]);
    battery("cellar", 8);
    home.write("flows: {}");
    running.reload();
    home.clock.advance(ROUND_MS);
    expect(alerts()).toEqual(["battery of cellar: 8 % cleared", "attic: 8 % cleared"]);
  });

  test("that are over do not fill the disk", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(`
flows:
  flapping:
    nodes:
      any: { type: topic, topic: any }
      alert: { type: alert, title: "over at once" }
    wires: [any -> alert.raise, any -> alert.clear]
`);
    await using running = new Running(home);
    for (let n = 0; n < 11_000; n += 1) home.receive("any", n);
    home.clock.advance(10_000);
    const { alerts } = running.log.alerts.search({ state: "all", beforeId: 900, limit: 200 });
    expect(alerts).toEqual([]);
    expect(running.log.alerts.find(10_999)).toMatchObject({ state: "cleared" });
  });
});
