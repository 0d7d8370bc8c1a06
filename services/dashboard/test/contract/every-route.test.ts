import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startBroker } from "@weir/broker";
import { createTestContext, NOTHING_CONFIGURED, temporaryFolder } from "@weir/testkit";
import type { FastifyInstance, RouteOptions } from "fastify";
import { z } from "zod";
import { readDashboardConfig } from "../../src/config.ts";
import { startDashboard } from "../../src/dashboard.ts";
import { catalogueMessage } from "../fixture.ts";
import { startRunningWorkflows } from "../running-workflows.ts";

const PASSWORD = "correct horse";

/** Every route that the dashboard adds to its server, as Fastify sees it. */
const routes: RouteOptions[] = [];
let server: FastifyInstance;
subscribe("fastify.initialization", (message) => {
  // This is how Fastify describes the message.
  server = (message as { fastify: FastifyInstance }).fastify;
  server.addHook("onRoute", (route) => {
    routes.push(route);
  });
});

const running = new AsyncDisposableStack();
let address: string;
let document: OpenApi;
let tokens: { viewer: string; operator: string };

interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}
interface Operation {
  security: object[];
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

beforeAll(async () => {
  const folder = running.use(temporaryFolder());
  const broker = running.use(await startBroker());
  const DB_FILE = folder.file("weir.db");
  const DASHBOARD_PASSWORD_FILE = folder.file("password");
  writeFileSync(DASHBOARD_PASSWORD_FILE, PASSWORD);
  const workflows = running.use(await startRunningWorkflows(folder, broker));
  const config = readDashboardConfig({
    ...workflows.settings,
    WEIR_FILE: NOTHING_CONFIGURED,
    BROKER: `127.0.0.1:${broker.port}`,
    DASHBOARD_PORT: "0",
    DASHBOARD_PASSWORD_FILE,
    DB_FILE,
  });
  catalogueMessage(config.indexFile, 0, {
    stream: "data",
    topic: "DATA",
    payload: { number: 1 },
  });
  running.use(await startDashboard(config, createTestContext()));
  const listening = server.addresses()[0];
  if (typeof listening !== "object") throw new Error("it does not listen");
  address = `http://127.0.0.1:${listening.port}`;
  document = z.custom<OpenApi>().parse(await (await ask("GET", "/api/v1/openapi.json")).json());
  tokens = { viewer: await newToken("viewer"), operator: await newToken("operator") };
});
afterAll(() => running.disposeAsync());

async function newToken(role: string): Promise<string> {
  const signedIn = await ask("POST", "/api/v1/session", { name: "admin", password: PASSWORD });
  const { csrf } = z.object({ csrf: z.string() }).parse(await signedIn.json());
  const cookie = signedIn.headers
    .getSetCookie()
    .map((set) => set.split(";")[0])
    .join("; ");
  const made = await ask(
    "POST",
    "/api/v1/tokens",
    { name: role, role },
    { cookie, "x-weir-csrf": csrf },
  );
  return z.object({ secret: z.string() }).parse(await made.json()).secret;
}

function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  return fetch(new URL(path, address), {
    method,
    headers: { ...headers, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** The routes of the API: a method and an address each. Fastify answers HEAD where it answers GET. */
function operations() {
  return routes
    .filter(({ url, schema }) => url.startsWith("/api/") && schema?.hide !== true)
    .flatMap(({ method, url, config }) =>
      [method].flat().map((verb) => ({ method: verb, url, role: config?.role ?? "viewer" })),
    )
    .filter(({ method }) => method !== "HEAD");
}

function documented({ method, url }: { method: string; url: string }): Operation | undefined {
  return document.paths[url.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
}

/** What the document says of an answer's body. */
function schemaOf(operation: Operation | undefined, status: number, type: string): z.ZodType {
  const answer = operation?.responses[status] ?? operation?.responses.default;
  const schema = answer?.content?.[type]?.schema;
  if (schema === undefined) throw new Error(`the document has no ${type} for ${status}`);
  const whole = { ...schema, $defs: document.components.schemas };
  const text = JSON.stringify(whole).replaceAll("#/components/schemas/", "#/$defs/");
  return z.fromJSONSchema(JSON.parse(text));
}

/** Asks a route, without a body, and holds what it answers to the document. @returns the status. */
async function status(
  operation: { method: string; url: string },
  token: string | null,
): Promise<number> {
  const path = operation.url.replace(/:\w+/g, "unknown");
  const authorization = `Bearer ${token}`;
  const answer = await ask(
    operation.method,
    path,
    undefined,
    token === null ? {} : { authorization },
  );
  const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
  if (type !== "application/json") {
    await answer.body?.cancel();
    return answer.status;
  }
  const schema = schemaOf(documented(operation), answer.status, type);
  const { success, error } = schema.safeParse(await answer.json());
  if (!success) throw new Error(`${operation.method} ${path}: ${error.message}`);
  return answer.status;
}

test("hides nothing of the API but the document itself", () => {
  const hidden = routes.filter(({ schema }) => schema?.hide === true).map(({ url }) => url);
  expect([...new Set(hidden)].sort()).toEqual(["/api/v1/openapi.json", "/assets/*"]);
  expect(operations().length).toBeGreaterThan(15);
});

test("documents what every route answers, and who may use it", () => {
  for (const operation of operations()) {
    const { security, responses } = documented(operation) ?? { security: null, responses: null };
    const where = `${operation.method} ${operation.url}`;
    const { role } = operation;
    const allowed = role === "anyone" ? [] : [{ session: [role] }, { token: [role] }];
    expect([where, security]).toEqual([where, allowed]);
    const good = Object.keys(responses ?? {}).filter((code) => /^[23]/.test(code));
    expect([where, good]).toEqual([where, expect.arrayContaining([expect.any(String)])]);
    expect([where, responses?.default?.content]).toEqual([
      where,
      { "application/json": expect.objectContaining({ schema: expect.anything() }) },
    ]);
  }
});

test("lets only those use a route who may, and answers as the document says", async () => {
  for (const operation of operations()) {
    const where = `${operation.method} ${operation.url}`;
    const { role } = operation;
    if (role !== "anyone") expect([where, await status(operation, null)]).toEqual([where, 401]);
    const asViewer = await status(operation, tokens.viewer);
    if (role === "operator") expect([where, asViewer]).toEqual([where, 403]);
    else expect([401, 403, 500]).not.toContain(asViewer);
    expect([where, await status(operation, tokens.operator)]).not.toEqual([where, 500]);
  }
});
