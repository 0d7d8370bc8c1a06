import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, freePort, hasDocker, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { parse } from "yaml";
import { startSuite } from "../../standalone/test/fixture.ts";
import {
  ask,
  type DataSource,
  hasJq,
  type InfinityTarget,
  interpolated,
  type Row,
} from "./grafana.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "deploy/grafana");
const PAGE = readFileSync(join(ROOT, "docs/how-to/grafana.md"), "utf8");
const PASSWORD = "correct horse";
const PATIENCE_MS = 60_000;
const SERVICES = [
  "publisher",
  "logger",
  "stats",
  "stats-printer",
  "device-agent",
  "dashboard",
  "workflows",
];

interface PrometheusTarget {
  datasource: { uid: string };
  expr: string;
}

interface Dashboard {
  /** A variable that is typed has a text as its query. */
  templating: { list: { name: string; query: { infinityQuery?: InfinityTarget } }[] };
  panels: { title: string; repeat?: string; targets: (InfinityTarget | PrometheusTarget)[] }[];
}

const dashboard: Dashboard = JSON.parse(
  readFileSync(join(FOLDER, "provisioning/dashboards/weir.json"), "utf8"),
);

const testWithJq = hasJq() ? test : test.skip;

let stack: AsyncDisposableStack;
let folder: string;
let url: string;
const ports: Record<string, number> = {};
let sources: DataSource[];
let weir: DataSource;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const temporary = stack.use(temporaryFolder());
  folder = temporary.path;
  mkdirSync(temporary.file("config"));
  writeFileSync(temporary.file("config/dashboard.password"), PASSWORD);
  const dashboardPort = await freePort();
  for (const name of SERVICES) ports[name] = await freePort();
  stack.use(
    await startSuite({
      folder,
      environment: {
        DASHBOARD_PORT: String(dashboardPort),
        DASHBOARD_PASSWORD_FILE: "config/dashboard.password",
        DEVICE_INTERVAL_SECONDS: "1",
        ...Object.fromEntries(
          Object.entries(ports).map(([name, port]) => [
            `${name.replace("-", "_").toUpperCase()}_HTTP_PORT`,
            String(port),
          ]),
        ),
      },
    }),
  );
  url = `http://127.0.0.1:${dashboardPort}`;
  const secret = await eventually(() => makeToken().catch(() => null), PATIENCE_MS);
  const values = { WEIR_URL: url, GRAFANA_TOKEN: secret, PROMETHEUS_URL: "http://127.0.0.1:9090" };
  const file = readFileSync(join(FOLDER, "provisioning/datasources/weir.yaml"), "utf8");
  sources = parse(interpolated(file, values)).datasources;
  weir = sources.find(({ uid }) => uid === "weir") as DataSource;
}, 2 * PATIENCE_MS);

afterAll(async () => await stack.disposeAsync());

/** Signs in, and makes a token of a viewer, as the page Users does. */
async function makeToken(): Promise<string> {
  const json = { "content-type": "application/json" };
  const body = JSON.stringify({ name: "admin", password: PASSWORD });
  const session = await fetch(`${url}/api/v1/session`, { method: "POST", headers: json, body });
  const { csrf } = (await session.json()) as { csrf: string };
  const cookie = session.headers
    .getSetCookie()
    .map((text) => text.split(";")[0])
    .join("; ");
  const token = await fetch(`${url}/api/v1/tokens`, {
    method: "POST",
    headers: { ...json, cookie, "x-weir-csrf": csrf },
    body: JSON.stringify({ name: "grafana", role: "viewer" }),
  });
  const { secret } = (await token.json()) as { secret: string };
  return secret;
}

function targetsOf(uid: string): { title: string; target: InfinityTarget | PrometheusTarget }[] {
  return dashboard.panels.flatMap(({ title, targets }) =>
    targets.filter(({ datasource }) => datasource.uid === uid).map((target) => ({ title, target })),
  );
}

const hour = (): Record<string, string> => ({
  __from: String(Date.now() - 3_600_000),
  __to: String(Date.now()),
});

async function choices(find: string): Promise<Row[]> {
  const variable = dashboard.templating.list.find(({ name }) => name === "series");
  return await ask(weir, variable?.query.infinityQuery as InfinityTarget, { find });
}

test("every data source that a panel asks is there", () => {
  const known = sources.map(({ uid }) => uid);
  const asked = dashboard.panels.flatMap(({ targets }) => targets.map((t) => t.datasource.uid));
  expect(asked.filter((uid) => !known.includes(uid))).toEqual([]);
});

test("Grafana's check of the data source is answered", async () => {
  const headers = { authorization: `Bearer ${weir.secureJsonData?.bearerToken}` };
  const answer = await fetch(weir.url + weir.jsonData.customHealthCheckUrl, { headers });
  expect(answer.status).toBe(200);
  expect((await fetch(weir.url + weir.jsonData.customHealthCheckUrl)).status).toBe(401);
});

testWithJq("a part of a name finds series to choose from, and nothing finds all", async () => {
  const found = await eventually(async () => {
    const rows = await choices("drive-space-used");
    return rows.length > 0 && rows;
  }, PATIENCE_MS);
  expect(found).toEqual([
    { __text: expect.any(String), __value: "devices:devices/kitchen/state#drive-space-used" },
  ]);
  expect((await choices("")).length).toBeGreaterThan(3);
});

testWithJq("every panel gets rows with the columns that it names", async () => {
  const values = {
    ...hour(),
    series: "devices:devices/kitchen/state#drive-space-used",
  };
  for (const { title, target } of targetsOf("weir")) {
    const infinity = target as InfinityTarget;
    const rows = await eventually(async () => {
      const all = await ask(weir, infinity, values);
      return all.some((row) => Object.values(row).every((value) => value !== null)) && all;
    }, PATIENCE_MS);
    for (const { text, type } of infinity.columns) {
      const is = type === "string" ? "string" : "number";
      const others = rows
        .map((row) => row[text])
        .filter((value) => value !== null && typeof value !== is);
      expect({ title, text, others }).toEqual({ title, text, others: [] });
    }
  }
});

testWithJq("a curve has times in order, of the span that was asked for", async () => {
  const panel = dashboard.panels.find(({ repeat }) => repeat === "series");
  const [target] = (panel?.targets ?? []) as InfinityTarget[];
  const span = hour();
  const rows = await ask(weir, target as InfinityTarget, {
    ...span,
    series: "devices:devices/kitchen/state#drive-space-used",
  });
  const times = rows.map(({ time }) => Number(time));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times[0]).toBeGreaterThan(Number(span.__from) - 60_000);
  expect(times.at(-1)).toBeLessThanOrEqual(Number(span.__to));
  const [point] = rows.filter(({ average }) => average !== null) as Record<string, number>[];
  expect(point?.minimum).toBeLessThanOrEqual(point?.average ?? 0);
  expect(point?.maximum).toBeGreaterThanOrEqual(point?.average ?? 0);
});

testWithJq(
  "the page's selector for a panel of one's own makes rows with a time and a value",
  async () => {
    const [, selector = ""] = /```\n(\[\.edgesMs.*)\n```/.exec(PAGE) ?? [];
    const panel = dashboard.panels.find(({ repeat }) => repeat === "series");
    const columns = [
      { selector: "time", text: "time", type: "timestamp_epoch" },
      { selector: "average", text: "average", type: "number" },
    ] as const;
    const target = { ...(panel?.targets[0] as InfinityTarget), root_selector: selector, columns };
    const rows = await ask(weir, target, {
      ...hour(),
      series: "devices:devices/kitchen/state#drive-space-used",
    });
    expect(rows.filter(({ average }) => average !== null)[0]).toEqual({
      time: expect.any(Number),
      average: expect.any(Number),
    });
  },
);

describe("Prometheus", () => {
  const { scrape_configs } = parse(readFileSync(join(FOLDER, "prometheus.yml"), "utf8"));
  const targets: string[] = scrape_configs[0].static_configs[0].targets;

  test("is sent to each service on its port", () => {
    const services = parse(readFileSync(join(ROOT, "docker-compose.yml"), "utf8"));
    const environment = services["x-service"].environment;
    expect(targets.toSorted()).toEqual(
      SERVICES.map((name) => {
        const port = environment[`${name.replace("-", "_").toUpperCase()}_HTTP_PORT`];
        return `${name}:${port}`;
      }).toSorted(),
    );
  });

  test("collects the metrics that panels ask for", async () => {
    const texts = await Promise.all(
      targets.map(async (target) => {
        const [name = ""] = target.split(":");
        return await (await fetch(`http://127.0.0.1:${ports[name]}/metrics`)).text();
      }),
    );
    const collected = new Set(texts.join("\n").match(/^weir_\w+/gm));
    const asked = targetsOf("weir-services").flatMap(
      ({ target }) => (target as PrometheusTarget).expr.match(/\bweir_\w+/g) ?? [],
    );
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((name) => !collected.has(name))).toEqual([]);
  });
});

test("the SQL of the page counts what came, over a connection that only reads", () => {
  const [, sql = ""] = /```sql\n([^`]*)```/.exec(PAGE) ?? [];
  expect(PAGE).toContain("path `/weir/weir.db`, path prefix `file:`, path options\n`mode=ro`");
  const database = new Sqlite(join(folder, "data", "weir.db"), { readonly: true });
  try {
    const rows = database.prepare(interpolated(sql, hour())).all() as Row[];
    expect(rows[0]).toEqual({
      time: expect.any(Number),
      kind: "reading",
      messages: expect.any(Number),
    });
    // Seconds, in whole minutes.
    expect(Number(rows[0]?.time) % 60).toBe(0);
    expect(Math.abs(Number(rows[0]?.time) - Date.now() / 1_000)).toBeLessThan(600);
  } finally {
    database.close();
  }
});

describe("the Compose files", () => {
  const [, sql = ""] = /```yaml\n(services[^`]*)```/.exec(PAGE) ?? [];
  const config = (env: Record<string, string>, ...files: string[]) =>
    spawnSync("docker", ["compose", ...files.flatMap((file) => ["--file", file]), "config"], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "", COMPOSE_DISABLE_ENV_FILE: "1", ...env },
    });

  (hasDocker() ? test : test.skip)("say what is missing in .env, and fit the suite's", () => {
    const files = ["docker-compose.yml", "deploy/grafana/compose.yaml"];
    expect(config({ GRAFANA_PASSWORD: "x" }, ...files).stderr).toContain(
      "make an API token on the page Users",
    );
    writeFileSync(join(folder, "grafana-sql.yaml"), sql);
    const all = { GRAFANA_PASSWORD: "x", GRAFANA_TOKEN: "y" };
    const { stdout, stderr } = config(all, ...files, join(folder, "grafana-sql.yaml"));
    expect(stderr).toBe("");
    const { grafana } = parse(stdout).services;
    expect(grafana.environment.GF_PLUGINS_PREINSTALL_SYNC).toBe(
      "yesoreyeram-infinity-datasource,frser-sqlite-datasource",
    );
    expect(grafana.volumes.map(({ target }: { target: string }) => target)).toContain("/weir");
  });
});
