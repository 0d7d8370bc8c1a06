import { describe, expect, test } from "@jest/globals";
import { lockByAnother, temporaryFolder } from "@weir/testkit";
import { WorkflowFolder } from "../../src/files/folder.ts";
import { Home, MINUTE_MS, ROUND_MS, Running } from "./subject.ts";

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

  test("take up more at once than a workflow may do in a minute", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(`
flows:
  loud:
    nodes:
      reading: { type: series, series: "zigbee2mqtt/freezer#n" }
      say: { type: publish, topic: heard, text: "{{value}}" }
    wires: [reading -> say]
`);
    await new Running(home)[Symbol.asyncDispose]();
    for (let n = 1; n <= 700; n += 1) {
      home.receive(TOPIC, { n });
      home.clock.advance(1_000);
    }
    await using running = new Running(home);
    home.clock.advance(5_000);
    expect(running.log.outbox.size()).toBe(700);
    expect(running.workflows.engine.flows.get("loud")?.stopped).toBeNull();
  });

  test("fire once, at the time, although they were killed again and again before", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    let running = new Running(home);
    home.clock.advance(10_000);
    home.receive(TOPIC, { temperature: -14 });
    const warmMs = home.clock.now();
    for (let minute = 0; minute < 9; minute += 1) {
      home.clock.advance(MINUTE_MS);
      running.kill();
      running = new Running(home);
    }
    expect(running.path()).toEqual([]);
    home.clock.advance(MINUTE_MS + 1_000);
    const [run, ...more] = running.log.runs.search({ limit: 10 });
    expect([run?.startedMs, more]).toEqual([warmMs + 10 * MINUTE_MS, []]);
    running.kill();
    running = new Running(home);
    home.clock.advance(20 * MINUTE_MS);
    expect(running.path()).toEqual(["warm:yes", "show:out"]);
    await running[Symbol.asyncDispose]();
  });

  test("keep the states of what a changed file leaves as it is", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(5 * MINUTE_MS);
    home.write(`${FREEZER}  other: { nodes: { any: { type: topic, topic: "x" } } }\n`);
    running.reload();
    home.clock.advance(5 * MINUTE_MS + 1_000);
    expect(running.path()).toEqual(["warm:yes", "show:out"]);
  });

  test("say that a workflow has become wrong, although it goes on as it was", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    const files = new WorkflowFolder(folder.file("workflows"), home.clock);
    running.workflows.setWorkflows(files.load());
    const said: string[] = [];
    using _listening = running.workflows.onNews(({ flows }) => said.push(...flows));
    home.write(FREEZER.replace("threshold", "treshold"));
    running.workflows.setWorkflows(files.load());
    expect(said).toEqual(["freezer"]);
    expect(running.workflows.flowStates()).toMatchObject([{ name: "freezer", state: "invalid" }]);
  });

  test("forget the states of a node that was changed while they were down", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    const first = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(MINUTE_MS);
    await first[Symbol.asyncDispose]();
    home.write(FREEZER.replace("freezer#", "cellar#"));
    await using second = new Running(home);
    home.clock.advance(20 * MINUTE_MS);
    expect(second.path()).toEqual([]);
  });

  test("begin with what is stored from the first start on, and trigger nothing by what a broker had kept", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(`
flows:
  any: { nodes: { heard: { type: topic, topic: "t" }, show: { type: debug } }, wires: [heard -> show] }
`);
    home.receive("t", "before");
    await using running = new Running(home);
    home.receive("t", "kept", { retained: true });
    home.receive("t", "new");
    home.clock.advance(1_000);
    const runs = running.log.runs.search({ limit: 10 });
    expect(runs.map(({ id }) => running.log.runs.find(id)?.data.payload)).toEqual(["new"]);
  });

  test("go on when the clock was set back", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    home.clock.advance(1_000);
    home.clock.jump(-60 * MINUTE_MS);
    home.clock.advance(1_000);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(11 * MINUTE_MS);
    expect(running.path()).toEqual(["warm:yes", "show:out"]);
  });

  test("press a button, and say in which run", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(`
flows:
  door: { nodes: { bell: { type: button }, show: { type: debug } }, wires: [bell -> show] }
`);
    await using running = new Running(home);
    const press = (node: string) => {
      const pressed = running.workflows.loop.press({ flow: "door", node, by: "ada", payload: 1 });
      home.clock.advance(ROUND_MS);
      return pressed;
    };
    const run = await press("bell");
    expect(running.log.runs.find(run ?? 0)?.data).toMatchObject({ by: "ada", payload: 1 });
    expect(await press("show")).toBeNull();
  });

  test("wait while another program has locked their file, and go on without a loss", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(9 * MINUTE_MS);
    await using lock = await lockByAnother(folder.file("workflows.db"));
    home.clock.advance(2 * MINUTE_MS);
    expect(running.context.health.report().checks["run log"]).toMatch(/cannot be written/);
    const { loop } = running.workflows;
    const refused = await loop.resume("freezer").then(
      () => null,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ status: 503 });
    await lock[Symbol.asyncDispose]();
    home.clock.advance(2_000);
    expect(running.path()).toEqual(["warm:yes", "show:out"]);
    expect(running.context.health.report().checks["run log"]).toBe("ok");
    expect(running.context.faults).toEqual([]);
  });

  test.each([{ waits: "nothing else" }, { waits: "a reading, too" }])(
    "begin without states when they are switched off and on while their file is locked, and $waits waits",
    async ({ waits }) => {
      using folder = temporaryFolder();
      using home = new Home(folder);
      home.write(FREEZER);
      {
        await using running = new Running(home);
        home.receive(TOPIC, { temperature: -14 });
        home.clock.advance(10_000);
        // The state of the freezer gets into the table.
        home.write(`${FREEZER}  other: { nodes: { any: { type: topic, topic: "x" } } }\n`);
        running.reload();
        home.clock.advance(ROUND_MS);
        await using lock = await lockByAnother(folder.file("workflows.db"));
        if (waits !== "nothing else") {
          home.receive(TOPIC, { temperature: -13 });
          home.clock.advance(10_000);
        }
        home.write(FREEZER.replace("freezer:", "freezer:\n    enabled: false"));
        running.reload();
        home.clock.advance(ROUND_MS);
        expect(running.context.health.report().checks["run log"]).toMatch(/cannot be written/);
        home.write(FREEZER);
        running.reload();
        await lock[Symbol.asyncDispose]();
        home.clock.advance(20 * MINUTE_MS);
        expect(running.context.health.report().checks["run log"]).toBe("ok");
        expect(running.path()).toEqual([]);
      }
      await using again = new Running(home);
      home.clock.advance(MINUTE_MS);
      expect(again.path()).toEqual([]);
    },
  );

  test("run again when they were stopped, and are switched off and on while their file is locked", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    const text = `
flows:
  circle:
    nodes: { door: { type: topic, topic: door }, one: { type: debug }, two: { type: debug } }
    wires: [door -> one, one -> two, two -> one]
`;
    home.write(text);
    const stateOf = ({ workflows }: Running) => workflows.flowStates().map(({ state }) => state);
    {
      await using running = new Running(home);
      home.receive("door", 1);
      home.clock.advance(10_000);
      expect(stateOf(running)).toEqual(["stopped"]);
      await using lock = await lockByAnother(folder.file("workflows.db"));
      home.receive("other", 1);
      home.clock.advance(10_000);
      home.write(text.replace("circle:", "circle:\n    enabled: false"));
      running.reload();
      home.clock.advance(ROUND_MS);
      home.write(text);
      running.reload();
      await lock[Symbol.asyncDispose]();
      home.clock.advance(2_000);
      expect(stateOf(running)).toEqual(["running"]);
    }
    await using again = new Running(home);
    expect(stateOf(again)).toEqual(["running"]);
  });

  test("fire no timer that is over by a message which they could not take yet", async () => {
    using folder = temporaryFolder();
    using home = new Home(folder);
    home.write(FREEZER);
    await using running = new Running(home);
    home.receive(TOPIC, { temperature: -14 });
    home.clock.advance(9 * MINUTE_MS);
    await using lock = await lockByAnother(folder.file("workflows.db"));
    home.receive(TOPIC, { temperature: -13 });
    home.clock.advance(10_000);
    expect(running.context.health.report().checks["run log"]).toMatch(/cannot be written/);
    home.receive(TOPIC, { temperature: -20 });
    home.clock.advance(2 * MINUTE_MS);
    running.workflows.loop.take({ kind: "system", about: "broker", isAway: true, reason: null });
    await lock[Symbol.asyncDispose]();
    home.clock.advance(20 * MINUTE_MS);
    expect(running.path()).not.toContain("warm:yes");
    expect(running.context.faults).toEqual([]);
  });
});
