import { describe, expect, test } from "@jest/globals";
import { temporaryFolder } from "@weir/testkit";
import { Home, Running } from "./subject.ts";

const FLOW = `
flows:
  doors:
    nodes:
      door: { type: topic, topic: "home/#" }
      show: { type: debug }
      alarm: { type: alert, title: "{{payload}}", about: "{{topic}}" }
      pass: { type: publish, topic: "out/{{payload}}" }
    wires: [door -> show, door -> alarm.raise, door -> pass]
`;

describe("workflows", () => {
  test.each([
    ["lists that lie in one another 60,000 deep", `${"[".repeat(60_000)}${"]".repeat(60_000)}`],
    [
      "objects that lie in one another 20,000 deep",
      `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
    ],
    ["names that objects have anyway", '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}}}'],
    ["half of a character", '"\\ud800"'],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0, 1])],
  ])("go on after a message with %s", async (_, payload) => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FLOW);
    await using running = new Running(home);
    home.receive("home/hostile", null, { payload: Buffer.from(payload as string) });
    home.receive("home/hall", "ajar");
    home.clock.advance(1_000);
    expect(running.context.faults).toEqual([]);
    const { runs } = running.log;
    const found = runs.search({ limit: 10 }).map(({ id }) => runs.find(id)?.data.topic);
    expect(found).toEqual(["home/hall", "home/hostile"]);
  });
});
