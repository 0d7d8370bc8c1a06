// The Losant exercise over HTTP: a real device agent, its logger and stats, and the dashboard between it and a user.
import { readdirSync, writeFileSync } from "node:fs";
import { expect, jest, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { readDashboardConfig } from "@weir/dashboard/config";
import { session } from "@weir/dashboard/contract/access";
import { commandLife, connections, device, deviceCommands } from "@weir/dashboard/contract/devices";
import { startDashboard } from "@weir/dashboard/dashboard";
import { readStatsConfig } from "@weir/stats/config";
import { startStats } from "@weir/stats/stats";
import {
  createTestContext,
  eventually,
  freePort,
  NOTHING_CONFIGURED,
  type TemporaryFolder,
  temporaryFolder,
} from "@weir/testkit";
import type { z } from "zod";
import { startAgentAt, startLoggerAt } from "../chain.ts";

jest.setTimeout(120_000);

const KITCHEN = encodeURIComponent("devices:devices/kitchen");
const PASSWORD = "correct horse";

/** A dashboard, and its operator. */
interface Running extends AsyncDisposable {
  get<T>(path: string, form: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: object, form: z.ZodType<T>): Promise<T>;
}

async function startSignedIn(brokerPort: number, folder: TemporaryFolder): Promise<Running> {
  const port = await freePort();
  writeFileSync(folder.file("password"), PASSWORD);
  const config = readDashboardConfig({
    BROKER: `127.0.0.1:${brokerPort}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: NOTHING_CONFIGURED,
    DASHBOARD_PORT: String(port),
    DASHBOARD_PASSWORD_FILE: folder.file("password"),
  });
  const context = createTestContext();
  const dashboard = await startDashboard(config, context);
  await eventually(() => context.health.report().ready);
  let headers: Record<string, string> = { "content-type": "application/json" };

  async function ask<T>(path: string, form: z.ZodType<T>, request: RequestInit): Promise<T> {
    const address = `http://127.0.0.1:${port}/api/v1${path}`;
    const response = await fetch(address, { ...request, headers });
    const cookies = response.headers.getSetCookie().map((one) => one.split(";")[0]);
    if (cookies.length > 0) headers = { ...headers, cookie: cookies.join("; ") };
    return form.parse(await response.json());
  }
  const post = <T>(path: string, body: object, form: z.ZodType<T>): Promise<T> =>
    ask(path, form, { method: "POST", body: JSON.stringify(body) });

  const { csrf } = await post("/session", { name: "admin", password: PASSWORD }, session);
  headers = { ...headers, "x-weir-csrf": csrf ?? "" };
  return {
    get: (path, form) => ask(path, form, { method: "GET" }),
    post,
    [Symbol.asyncDispose]: () => dashboard[Symbol.asyncDispose](),
  };
}

const PATH = `/devices/${KITCHEN}`;
const pathTo = ({ id }: { id: string }): string => `${PATH}/commands/${id}?waitMs=30000`;

test("a device is found, commanded and followed to its end, and the past survives a restart", async () => {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  await using _logger = await startLoggerAt(broker.port, folder);
  await using _stats = startStats(
    readStatsConfig({
      BROKER: `127.0.0.1:${broker.port}`,
      DB_FILE: folder.file("weir.db"),
      WEIR_FILE: NOTHING_CONFIGURED,
    }),
    createTestContext(),
  );
  const content = { sandbox: { quota: "2MB" }, sources: { walk: { source: "random_walk" } } };
  await using agents = new AsyncDisposableStack();
  let past: unknown;
  {
    await using dashboard = await startSignedIn(broker.port, folder);
    agents.use(await startAgentAt(broker.port, folder, content));
    // There is a problem in place of it until stats has saved its series.
    const found = await eventually(async () => {
      const kitchen = await dashboard.get(PATH, device);
      return kitchen.state === "online" && kitchen;
    });
    expect(found).toMatchObject({ name: "kitchen", isCommandable: true });

    const described = await dashboard.get(`${PATH}/commands`, deviceCommands);
    const names = described.commands.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["add_1gb_file", "change_send_interval"]));

    const small = { name: "add_1gb_file", payload: "1MB" };
    const sent = await dashboard.post(`${PATH}/commands`, small, commandLife);
    expect(sent).toMatchObject({ by: "admin", outcome: null });
    const ended = await dashboard.get(pathTo(sent), commandLife);
    expect(ended).toMatchObject({ outcome: "done", by: "admin" });
    expect(ended.acks.at(-1)?.result).toMatchObject({ bytes: 1_000_000 });
    expect(readdirSync(folder.file("device/sandbox"))).toHaveLength(1);

    const large = { name: "add_1gb_file", payload: "5MB" };
    const refused = await dashboard.post(`${PATH}/commands`, large, commandLife);
    expect((await dashboard.get(pathTo(refused), commandLife)).outcome).toBe("rejected");

    await agents.disposeAsync();
    await eventually(async () => {
      const { state, sinceMs } = await dashboard.get(PATH, device);
      return state === "offline" && sinceMs !== null;
    });
    past = await dashboard.get(`${PATH}/connections`, connections);
    expect(past).toMatchObject({
      source: "broker's log",
      entries: [
        { event: "disconnected", reason: "it said goodbye" },
        { event: "connected", session: "kept", clientId: "kitchen" },
      ],
    });
  }
  await using dashboard = await startSignedIn(broker.port, folder);
  expect(await dashboard.get(`${PATH}/connections`, connections)).toEqual(past);
  const { recent, commands } = await eventually(async () => {
    const known = await dashboard.get(`${PATH}/commands`, deviceCommands);
    return known.recent.length === 2 && known;
  });
  expect(recent).toMatchObject([
    { payload: "5MB", outcome: "rejected", by: "admin" },
    { payload: "1MB", outcome: "done", by: "admin" },
  ]);
  expect(commands.length).toBeGreaterThan(5);
});
