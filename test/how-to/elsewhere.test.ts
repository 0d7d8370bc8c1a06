import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, hasDocker, temporaryFolder } from "@weir/testkit";
import Sqlite from "better-sqlite3";
import { parse } from "yaml";
import { ask, type DataSource, type InfinityTarget, interpolated, type Row } from "./grafana.ts";
import { hasMachine, type Machine, startMachine } from "./machine.ts";
import { readBlocks } from "./page.ts";
import { Reader } from "./reader.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "deploy/grafana");
const PAGE = "docs/how-to/grafana.md";
const PATIENCE_MS = 60_000;
const PASSWORD = "correct horse";
const USED = "devices:devices/kitchen/state#drive-space-used";

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
const compose = parse(readFileSync(join(ROOT, "docker-compose.yml"), "utf8"));

/** The questions of one data source, with the titles of their panels. */
function targetsOf(uid: string): { title: string; target: InfinityTarget | PrometheusTarget }[] {
  return dashboard.panels.flatMap(({ title, targets }) =>
    targets.filter(({ datasource }) => datasource.uid === uid).map((target) => ({ title, target })),
  );
}

const blockOf = (beginning: string): string =>
  readBlocks(join(ROOT, PAGE)).find(({ text }) => text.startsWith(beginning))?.text ?? "";

const hour = (): Record<string, string> => ({
  __from: String(Date.now() - 3_600_000),
  __to: String(Date.now()),
});

const onMachine = hasMachine(["curl", "jq"]) ? describe : describe.skip;

onMachine("beside the suite", () => {
  let stack: AsyncDisposableStack;
  let machine: Machine;
  let token: string;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    const programs = { "grafana-cli": "exit 0", systemctl: "exit 0" };
    machine = stack.use(await startMachine({ programs }));
    await machine.run("mkdir -p /etc/grafana /etc/prometheus");
    await machine.write("config/dashboard.password", PASSWORD);
    await machine.write(
      ".env",
      "DASHBOARD_PASSWORD_FILE=config/dashboard.password\nDEVICE_INTERVAL_SECONDS=1",
    );
    await stack.use(new Reader(PAGE, machine)).startSuite();
    token = await makeToken();
    const series = `curl -sS -H 'Authorization: Bearer ${token}' http://localhost:8080/api/v1/series`;
    await eventually(async () => (await machine.run(series)).includes(USED), PATIENCE_MS);
  }, 3 * PATIENCE_MS);
  afterAll(async () => await stack.disposeAsync());

  /** Signs in and makes the token of a viewer, as the page Users does. */
  async function makeToken(): Promise<string> {
    const api = "http://localhost:8080/api/v1";
    const post = "curl -sS --fail-with-body -b jar -c jar -H 'content-type: application/json'";
    const printed = await machine.run(`
      csrf=$(${post} ${api}/session -d '{"name":"admin","password":"${PASSWORD}"}' | jq -r .csrf)
      ${post} -H "x-weir-csrf: $csrf" ${api}/tokens -d '{"name":"grafana","role":"viewer"}' | jq -r .secret`);
    return printed.trim();
  }

  describe("Grafana", () => {
    let sources: DataSource[];
    let weir: DataSource;

    test("is set up as the page says, and its check of the data source is answered", async () => {
      const values = { "<token>": token, "<password>": PASSWORD };
      await using reader = new Reader(PAGE, machine, { values });
      await reader.follow("2. Start Grafana");
      await reader.follow("Grafana and Prometheus from packages");
      await reader.follow("A panel of your own");

      const settings = await machine.run("cat /etc/default/grafana-server");
      const environment = Object.fromEntries(
        settings
          .trim()
          .split("\n")
          .map((line) => line.split("=") as [string, string]),
      );
      const file = await machine.run("cat /etc/grafana/provisioning/datasources/weir.yaml");
      sources = parse(interpolated(file, environment)).datasources;
      weir = sources.find(({ uid }) => uid === "weir") as DataSource;
      const check = `${weir.url}${weir.jsonData.customHealthCheckUrl}`;
      const status = "curl -sS -o /dev/null -w '%{http_code}'";
      expect(await machine.run(`${status} ${check}`)).toBe("401");
      expect(await machine.run(`${status} -H "Authorization: Bearer ${token}" ${check}`)).toBe(
        "200",
      );
    });

    test("has every data source that a panel asks", () => {
      const known = sources.map(({ uid }) => uid);
      const asked = dashboard.panels.flatMap(({ targets }) =>
        targets.map(({ datasource }) => datasource.uid),
      );
      expect(asked.filter((uid) => !known.includes(uid))).toEqual([]);
    });

    test("finds series to choose from by a part of a name, and all by nothing", async () => {
      const variable = dashboard.templating.list.find(({ name }) => name === "series");
      const target = variable?.query.infinityQuery as InfinityTarget;
      expect(await ask(machine, weir, target, { find: "drive-space-used" })).toEqual([
        { __text: expect.any(String), __value: USED },
      ]);
      expect((await ask(machine, weir, target, { find: "" })).length).toBeGreaterThan(3);
    });

    test("gets rows for every panel, with the columns that it names", async () => {
      for (const { title, target } of targetsOf("weir")) {
        const infinity = target as InfinityTarget;
        const rows = await eventually(async () => {
          const all = await ask(machine, weir, infinity, { ...hour(), series: USED });
          return all.some((row) => !Object.values(row).includes(null)) && all;
        }, PATIENCE_MS);
        for (const { text, type } of infinity.columns) {
          const kind = type === "string" ? "string" : "number";
          const wrong = rows
            .map((row) => row[text])
            .filter((value) => value !== null && typeof value !== kind);
          expect({ title, text, wrong }).toEqual({ title, text, wrong: [] });
        }
      }
    });

    test("gets a curve in the order of time, of the span that it asks for", async () => {
      const panel = dashboard.panels.find(({ repeat }) => repeat === "series");
      const span = hour();
      const rows = await ask(machine, weir, panel?.targets[0] as InfinityTarget, {
        ...span,
        series: USED,
      });
      const times = rows.map(({ time }) => Number(time));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBeGreaterThan(Number(span.__from) - 60_000);
      expect(times.at(-1)).toBeLessThanOrEqual(Number(span.__to));
      const [point] = rows.filter(({ average }) => average !== null) as Record<string, number>[];
      expect(point?.minimum).toBeLessThanOrEqual(point?.average ?? 0);
      expect(point?.maximum).toBeGreaterThanOrEqual(point?.average ?? 0);
    });

    test("reads metrics that Prometheus collects from every service", async () => {
      const { scrape_configs } = parse(await machine.run("cat /etc/prometheus/prometheus.yml"));
      const targets: string[] = scrape_configs[0].static_configs[0].targets;
      const texts: string[] = [];
      for (const target of targets) {
        texts.push(await machine.run(`curl -sS --fail http://${target}/metrics`));
      }
      const ports = compose["x-service"].environment;
      const all = Object.keys(ports).filter((name) => /^[A-Z_]+_HTTP_PORT$/.test(name));
      expect(targets.map((target) => Number(target.split(":")[1])).toSorted()).toEqual(
        all.map((name) => ports[name]).toSorted(),
      );
      const collected = new Set(texts.join("\n").match(/^weir_\w+/gm));
      const asked = targetsOf("weir-services").flatMap(
        ({ target }) => (target as PrometheusTarget).expr.match(/\bweir_\w+/g) ?? [],
      );
      expect(asked.length).toBeGreaterThan(3);
      expect(asked.filter((name) => !collected.has(name))).toEqual([]);
    });

    test("counts what came with SQL, over a connection that only reads", () => {
      const database = new Sqlite(join(machine.clone, "data/weir.db"), { readonly: true });
      try {
        const [row] = database.prepare(interpolated(blockOf("SELECT"), hour())).all() as Row[];
        expect(row).toEqual({
          time: expect.any(Number),
          kind: "reading",
          messages: expect.any(Number),
        });
        // Seconds, in whole minutes.
        expect(Number(row?.time) % 60).toBe(0);
        expect(Math.abs(Number(row?.time) - Date.now() / 1_000)).toBeLessThan(600);
      } finally {
        database.close();
      }
    });
  });

  const hasPandas = spawnSync("python3", ["-c", "import pandas"]).status === 0;
  if (!hasPandas && process.env.CI === "true") throw new Error("CI needs pandas in its python3");

  (hasPandas ? test : test.skip)("docs/how-to/pandas.md", async () => {
    await using reader = new Reader("docs/how-to/pandas.md", machine);
    await reader.follow("A table of a stream");
    await machine.write("weir.token", token);
    await reader.follow("Series over the network");
    const printed = await reader.follow("Payloads");
    expect(printed).toContain("data.drive-space-used");
    reader.end();
  });
});

(hasDocker() ? describe : describe.skip)("Grafana in Compose", () => {
  const settings = { GRAFANA_PASSWORD: "x", GRAFANA_TOKEN: "y" };
  const config = (env: Record<string, string>, ...files: string[]) =>
    spawnSync("docker", ["compose", ...files.flatMap((file) => ["--file", file]), "config"], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "", COMPOSE_DISABLE_ENV_FILE: "1", ...env },
    });
  const files = ["docker-compose.yml", "deploy/grafana/compose.yaml"];

  test("says what is missing in .env", () => {
    const { stderr } = config({ GRAFANA_PASSWORD: "x" }, ...files);
    expect(stderr).toContain("make an API token on the page Users");
  });

  test("asks every service by its name and port", () => {
    const { scrape_configs } = parse(readFileSync(join(FOLDER, "prometheus.yml"), "utf8"));
    const { services } = parse(config(settings, ...files).stdout);
    const wrong = (scrape_configs[0].static_configs[0].targets as string[]).filter((target) => {
      const [name = "", port] = target.split(":");
      const variable = `${name.replace("-", "_").toUpperCase()}_HTTP_PORT`;
      return services[name]?.environment[variable] !== port;
    });
    expect(wrong).toEqual([]);
  });

  test("reads the store with the file of the page", async () => {
    using folder = temporaryFolder();
    const file = folder.file("grafana-sql.yaml");
    writeFileSync(file, blockOf("services:"));
    const { grafana } = parse(config(settings, ...files, file).stdout).services;
    expect(grafana.environment.GF_PLUGINS_PREINSTALL_SYNC).toBe(
      "yesoreyeram-infinity-datasource,frser-sqlite-datasource",
    );
    expect(grafana.volumes).toContainEqual(
      expect.objectContaining({ source: "store", target: "/weir" }),
    );
  });
});
