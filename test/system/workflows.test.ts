// Workflows over the suite in containers: their service is killed, and what was published meanwhile is not lost.
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { alerts, runs } from "@weir/flows/contract";
import {
  connectTestClient,
  eventually,
  hasDocker,
  type TestClient,
  temporaryFolder,
} from "@weir/testkit";
import { type Compose, createCompose } from "./compose.ts";

jest.setTimeout(600_000);

const TOPIC = "devices/garden/state";
const WORKFLOWS = `
flows:
  tell:
    nodes:
      warm: { type: series, series: "${TOPIC}#temperature" }
      told: { type: publish, topic: garden/told, text: "{{value}}" }
      limit: { type: threshold, above: 100 }
      alert: { type: alert, severity: warning, title: "The garden has {{value}} degrees" }
    wires: [warm -> told, warm -> limit, limit.yes -> alert.raise, limit.no -> alert.clear]
`;

const inDocker = hasDocker() ? describe : describe.skip;

inDocker("workflows in containers", () => {
  const folder = temporaryFolder();
  let compose: Compose;
  let client: TestClient;

  beforeAll(async () => {
    mkdirSync(folder.file("workflows"));
    writeFileSync(folder.file("workflows/garden.yaml"), WORKFLOWS);
    const override = folder.file("override.yml");
    const volume = `${folder.file("workflows")}:/app/config/workflows`;
    writeFileSync(override, JSON.stringify({ services: { workflows: { volumes: [volume] } } }));
    compose = await createCompose("workflows", { COMPOSE_FILE: `docker-compose.yml:${override}` });
    await compose.run("up", "--build", "--detach", "--wait", "workflows");
    client = await connectTestClient(compose.brokerPort, "garden/told");
  });
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
    await compose?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const publish = (temperature: number): Promise<void> =>
    client.publish(TOPIC, JSON.stringify({ data: { temperature } }), { qos: 1 });
  const told = (): Set<string> => new Set(client.received.map(({ payload }) => payload.toString()));

  test("take up what was published while their service was killed, once", async () => {
    await publish(21);
    await eventually(() => told().has("21"));
    await publish(101);
    await eventually(() => told().has("101"));
    await compose.run("kill", "--signal", "SIGKILL", "workflows");
    for (let value = 102; value <= 120; value += 1) await publish(value);
    await compose.run("up", "--detach", "--wait", "workflows");
    await publish(121);
    await eventually(() => told().size >= 22);
    expect(told().size).toBe(22);

    const found = runs.parse(
      JSON.parse(await compose.weir("workflows", "runs", "tell", "--limit", "200", "--json")),
    );
    expect(found.runs).toHaveLength(22);
    const open = alerts.parse(JSON.parse(await compose.weir("workflows", "alerts", "--json")));
    expect(open.alerts).toEqual([
      expect.objectContaining({ state: "new", title: "The garden has 101 degrees" }),
    ]);
  });
});
