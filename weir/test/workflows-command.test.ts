import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { type Environment, startHttpServer } from "@weir/runtime";
import {
  createFakeClock,
  createTestContext,
  eventually,
  START_US,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import { readWorkflowsConfig } from "@weir/workflows/config";
import { startWorkflows } from "@weir/workflows/workflows";
import { startHere } from "./fixture.ts";
import { storePlug } from "./plug.ts";

const flowAbove = (above: number): string => `
flows:
  plug-busy:
    title: The plug is busy
    nodes:
      busy: { type: threshold, series: "tele/plug/SENSOR#ENERGY.Power", above: ${above} }
      alert: { type: alert, title: "{{value}} W" }
      now: { type: button }
      show: { type: debug }
    wires: [busy.yes -> alert.raise, now -> alert.raise, now -> show]
`;

/** The environment of a store with a plug, whose power is 40 and then 42 W, and a folder of workflows. */
function prepare(folder: TemporaryFolder, text = flowAbove(41)): Environment {
  mkdirSync(folder.file("workflows"));
  writeFileSync(folder.file("workflows/plug.yaml"), text);
  return { ...storePlug(folder), WORKFLOWS_FOLDER: folder.file("workflows") };
}

async function run(environment: Environment, ...argv: string[]) {
  const clock = createFakeClock(START_US / 1_000 + 3_600_000);
  return await startHere(["workflows", ...argv], { environment, clock }).ended;
}

describe("weir workflows check", () => {
  test("counts what is valid", async () => {
    using folder = temporaryFolder();
    const { code, out, err } = await run(prepare(folder), "check");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^1 workflow\(s\) in 1 file\(s\) of .*workflows, all valid\n$/);
  });

  test("names a series that is not stored, which is no problem", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, flowAbove(41).replace("Power", "Pwoer"));
    const { code, out } = await run(environment, "check");
    expect(code).toBe(0);
    expect(out).toContain("note: plug.yaml:6: plug-busy.busy: no stored series is tele/plug/");
    expect(out).toContain("did you mean ENERGY.Power?");
  });

  test("notes a name that nothing can bring and a node without a wire, and ends with 0", async () => {
    using folder = temporaryFolder();
    const text = flowAbove(41).replace("{{value}} W", "{{vale}} W").replace(", now -> show", "");
    const { code, out } = await run(prepare(folder, text), "check");
    expect(code).toBe(0);
    expect(out).toContain("note: plug.yaml:7: plug-busy.alert: there is no vale in the data; did");
    expect(out).toContain("note: plug.yaml:9: plug-busy.show: no wire leads to it");
  });

  test("says of an empty folder where examples are", async () => {
    using folder = temporaryFolder();
    const { code, out } = await run(prepare(folder, ""), "check");
    expect(code).toBe(0);
    expect(out).toContain("config/examples/workflows has examples");
  });

  test("names each problem with its file and line, and ends with 78", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder, flowAbove(41).replace("busy.yes ->", "bsuy ->"));
    const ofFolder = await run(environment, "check");
    expect(ofFolder.code).toBe(78);
    expect(ofFolder.err).toMatch(/plug\.yaml:10: .*there is no node bsuy/);
    const ofFile = await run({}, "check", folder.file("workflows/plug.yaml"));
    expect(ofFile.code).toBe(78);
    expect(ofFile.err).toMatch(/plug\.yaml:10: /);
    expect((await run({}, "check", folder.file("none.yaml"))).err).toContain("cannot be read");
  });
});

describe("weir workflows test", () => {
  test("shows when a workflow would have fired, without a running service", async () => {
    using folder = temporaryFolder();
    const { code, out, err } = await run(prepare(folder), "test", "plug-busy", "--from", "-2h");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("it would have fired 1 time. (2 readings and messages from rows");
    expect(out).toMatch(/^2026-01-01T00:01:00Z +alert +alert +home:tele\/plug\/SENSOR.* 42 W$/m);
  });

  test("shows it beside the version that is saved", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder);
    const file = folder.file("other.yaml");
    writeFileSync(file, flowAbove(50));
    const given = ["test", "plug-busy", "--day", "today", "--file", file];
    const { out } = await run(environment, ...given);
    expect(out).toContain("it would have fired 0 times instead of 1.");
    const json = JSON.parse((await run(environment, ...given, "--json")).out);
    expect(json).toMatchObject({ asked: { counts: {} }, saved: { counts: { alert: 1 } } });
  });

  test.each([
    [["plug-bussy"], 'there is no workflow "plug-bussy"; did you mean plug-busy?'],
    [["plug-busy", "--from", "-1h", "--to", "-2h"], "is not before"],
    [["plug-busy", "--for", "0s"], '--for: "0s" is not allowed'],
    [["plug-busy", "--file", "none.yaml"], "none.yaml cannot be read"],
  ])("refuses %j", async (argv, expected) => {
    using folder = temporaryFolder();
    const { code, err } = await run(prepare(folder), "test", ...argv);
    expect(code).toBe(78);
    expect(err).toContain(expected);
  });
});

describe("weir workflows", () => {
  test("presses a button, and shows what became of it", async () => {
    using folder = temporaryFolder();
    await using beside = await startBeside(prepare(folder));
    expect((await beside.run("list")).out).toMatch(/^plug-busy +plug\.yaml +running/m);
    const pressed = await beside.run("press", "plug-busy", "now", '{"value": 7}');
    const [, id = ""] = /^run (\d+) has begun/.exec(pressed.out) ?? [];
    const shown = await eventually(async () => {
      const { code, out } = await beside.run("run", id);
      return code === 0 && out;
    });
    expect(shown).toMatch(/^run \d+ of plug-busy, .*: done\n/);
    expect(shown).toMatch(/ show +out +.*"value":7/);
    expect((await beside.run("runs", "plug-busy")).out).toMatch(new RegExp(`^${id} .* now `, "m"));

    const raised = await beside.run("alerts");
    const [, alert = ""] = /^(\d+) +warning +new /m.exec(raised.out) ?? [];
    expect((await beside.run("alerts", "--acknowledge", alert)).out).toContain("acknowledged");
    expect((await beside.run("alerts", "--clear", alert)).out).toContain("cleared");
    expect((await beside.run("alerts")).out).toBe("there are no alerts\n");
    expect((await beside.run("alerts", "--all")).out).toContain("cleared");
  });

  test("says what the service refuses, and that it does not answer", async () => {
    using folder = temporaryFolder();
    const environment = prepare(folder);
    {
      await using beside = await startBeside(environment);
      const { code, err } = await beside.run("press", "plug-busy", "busy");
      expect(code).toBe(1);
      expect(err).toContain("there is no such button");
    }
    const gone = await run({ ...environment, WORKFLOWS_URL: "http://127.0.0.1:1" }, "list");
    expect(gone.code).toBe(69);
    expect(gone.err).toContain("workflows does not answer at");
  });

  test("prints the JSON Schema", async () => {
    const { code, out } = await run({}, "schema");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ title: "workflows", properties: { flows: {} } });
  });
});

/** The service workflows beside a broker, and the command that asks it. */
async function startBeside(environment: Environment) {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await startBroker());
  const given = { ...environment, BROKER: `127.0.0.1:${broker.port}` };
  const context = createTestContext();
  stack.use(await startWorkflows(readWorkflowsConfig(given), context));
  await eventually(() => context.health.report().ready);
  const listening = { host: "127.0.0.1", port: 0, portSetting: "" };
  const { port } = stack.use(await startHttpServer({ ...context, ...listening }));
  const beside = { ...given, WORKFLOWS_URL: `http://127.0.0.1:${port}` };
  return {
    run: async (...argv: string[]) =>
      await startHere(["workflows", ...argv], { environment: beside }).ended,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
