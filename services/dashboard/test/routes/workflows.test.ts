import { describe, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import {
  alert,
  alerts,
  type FlowModel,
  nodeTypes,
  run,
  runs,
  workflowFile,
  workflows,
} from "@weir/flows/contract";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import { alertRoutes } from "../../src/routes/alerts.ts";
import { workflowRoutes } from "../../src/routes/workflows.ts";
import { WorkflowsClient } from "../../src/sources/workflows-client.ts";
import { serverFor } from "../fixture.ts";
import { type RunningWorkflows, startRunningWorkflows } from "../running-workflows.ts";

/** Pressing raises an alert. */
const HELP = `# by hand
flows:
  help:
    nodes:
      bell: { type: button }
      told: { type: alert, severity: critical, title: "Somebody has rung" }
    wires:
      - bell -> told.raise   # at once
`;

async function openApi({ settings }: Pick<RunningWorkflows, "settings">) {
  const client = new WorkflowsClient({
    service: "service workflows",
    settings: "WORKFLOWS",
    url: settings.WORKFLOWS_URL,
    tokenFile: settings.WORKFLOWS_TOKEN_FILE,
    entitlesTo: "change workflows",
  });
  const server = await serverFor((api) => {
    api.addHook("onRequest", async (request) => {
      request.who = { name: "ada", role: "operator", kind: "user", isCurrent: () => true };
    });
    workflowRoutes(api, client);
    alertRoutes(api, client);
  });
  const ask = async (method: "GET" | "POST", path: string, payload?: object) => {
    const url = `/api/v1${path}`;
    const answer = await server.inject({ method, url, ...(payload && { payload }) });
    return { status: answer.statusCode, content: answer.json() };
  };
  return {
    get: (path: string) => ask("GET", path),
    post: (path: string, payload?: object) => ask("POST", path, payload),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

describe("workflows", () => {
  test("are saved, pressed, seen, acknowledged and switched off by who has signed in", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using service = await startRunningWorkflows(folder, broker);
    await using api = await openApi(service);
    const { get, post } = api;
    const all = async () => workflows.parse((await get("/workflows")).content);
    expect(await all()).toMatchObject({ isWritable: true, files: [], flows: [], problems: [] });

    const request = { text: HELP, layout: { help: { bell: { x: 1, y: 2 } } }, revision: null };
    const saved = workflowFile.parse((await post("/workflows/files/house", request)).content);
    expect(saved).toMatchObject({ file: "house", text: HELP, layout: request.layout });
    const [help] = (await all()).flows;
    expect(help).toMatchObject({ name: "help", state: "running", buttons: [{ node: "bell" }] });

    const pressed = await post("/workflows/flows/help/buttons/bell", { payload: { room: 7 } });
    expect(pressed.status).toBe(200);
    const { runs: found } = runs.parse((await get("/workflows/runs?flow=help")).content);
    expect(found.map(({ id }) => id)).toEqual([pressed.content.run]);
    const whole = run.parse((await get(`/workflows/runs/${pressed.content.run}`)).content);
    expect(whole.steps.map(({ node }) => node)).toEqual(["bell", "told"]);
    expect(JSON.stringify(whole.data)).toContain("ada");

    const open = async () => alerts.parse((await get("/alerts")).content);
    const [raised] = (await open()).alerts;
    expect(raised).toMatchObject({ state: "new", title: "Somebody has rung", flow: "help" });
    expect((await open()).open).toEqual({ info: 0, warning: 0, critical: 1 });
    const acknowledged = await post(`/alerts/${raised?.id}/acknowledge`);
    expect(alert.parse(acknowledged.content)).toMatchObject({ acknowledgedBy: "ada" });
    expect((await post(`/alerts/${raised?.id}/clear`)).content).toMatchObject({ clearedBy: "ada" });
    expect((await open()).alerts).toEqual([]);
    expect(alerts.parse((await get("/alerts?state=all")).content).alerts).toHaveLength(1);

    const off = await post("/workflows/flows/help/enabled", { isEnabled: false });
    expect(off.content).toMatchObject({ name: "help", state: "off" });
    const { text, revision } = workflowFile.parse((await get("/workflows/files/house")).content);
    expect(text).toBe(HELP.replace("help:\n", "help:\n    enabled: false\n"));
    expect((await post("/workflows/flows/help/buttons/bell", {})).status).toBe(404);
    expect((await post("/workflows/files/house/delete", { revision })).status).toBe(200);
    expect(await all()).toMatchObject({ files: [], flows: [] });
  });

  test("are written into a text, which is checked and not saved", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using service = await startRunningWorkflows(folder, broker);
    await using api = await openApi(service);
    const types = nodeTypes.parse((await api.get("/workflows/node-types")).content).types;
    expect(types.find(({ type }) => type === "threshold")).toMatchObject({
      outputs: ["yes", "no"],
      schema: { properties: { above: { type: "number" } } },
    });
    const read = await api.post("/workflows/check", { file: "house", text: HELP });
    const flows: FlowModel[] = read.content.flows;
    expect(read.content).toMatchObject({ problems: [], invalid: [] });
    const told = flows[0]?.nodes[1];
    if (told !== undefined) told.config.severity = "loud";
    const edited = await api.post("/workflows/check", { file: "house", text: HELP, flows });
    expect(edited.content).toMatchObject({
      text: HELP.replace("critical", "loud"),
      invalid: ["help"],
      problems: [expect.stringContaining("house.yaml:6: ")],
    });
    const broken = await api.post("/workflows/check", { file: "house", text: "flows: [", flows });
    expect([broken.status, broken.content.problems[0].field]).toEqual([400, "text"]);
    expect((await api.get("/workflows/files/house")).status).toBe(404);
  });

  test("say what is wrong with a request, and that nothing was changed when their service is away", async () => {
    using folder = temporaryFolder();
    await using broker = await startBroker();
    await using service = await startRunningWorkflows(folder, broker);
    {
      await using api = await openApi(service);
      const save = { text: HELP, layout: {}, revision: "another" };
      expect((await api.post("/workflows/files/house", save)).status).toBe(409);
      expect((await api.post("/workflows/files/..%2Fhouse", save)).status).toBe(400);
      expect((await api.get("/workflows/runs/7")).status).toBe(404);
      expect((await api.get("/workflows/runs/first")).status).toBe(400);
      expect((await api.post("/workflows/flows/none/resume")).status).toBe(404);
      expect((await api.post("/alerts/7/acknowledge")).status).toBe(404);
      const large = { ...save, text: "#".repeat(999_000), revision: null };
      expect((await api.post("/workflows/files/house", large)).status).toBe(200);
    }
    const away = { ...service.settings, WORKFLOWS_URL: `http://127.0.0.1:${await freePort()}` };
    await using api = await openApi({ settings: away });
    const { status, content } = await eventually(() => api.get("/workflows"));
    expect([status, content.problems]).toEqual([
      503,
      [
        expect.objectContaining({
          field: "workflows",
          problem: expect.stringContaining("the service workflows does not answer"),
          remedy: expect.stringContaining("Nothing was changed."),
        }),
      ],
    ]);
  });
});
