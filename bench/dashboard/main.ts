// What live pages cost: a store that is written at 5,000 messages a second, the dashboard, and pages that each show
// some series of it. Processor time and memory of the dashboard, and how old points are when a page gets them.
//
//   npm run bench:dashboard -- [--seconds 30] [--pages 50] [--connections 0]
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startBroker } from "@weir/broker";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import { createTable, printResults, spreadOf } from "../output.ts";
import { type Child, cpuUs, startProgram } from "../process.ts";
import { type Arrival, openPage, type Page } from "./page.ts";
import { TOPICS, topicOf } from "./writer.ts";

const MESSAGES_PER_SECOND = 5_000;
const SERIES_PER_PAGE = 8;
const PATHS = ["temperature", "humidity", "battery"];
const WARM_UP_MS = 5_000;
const PASSWORD = "bench-bench-bench";
/** Connections that are opened at the same time. */
const OPENING_MAX = 200;

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    pages: { type: "string", default: "50" },
    connections: { type: "string", default: "0" },
  },
});

/** Proportional set size: pages of memory that processes share are divided among them. */
function pssMegabytes({ pid }: Child): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) / 1_024;
}

async function signIn(address: string): Promise<string> {
  const response = await fetch(`${address}/api/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password: PASSWORD }),
  });
  if (!response.ok) throw new Error(`signing in failed: ${await response.text()}`);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** The question of a page: series of some sensors, as a device's page or a chart has them. */
function queryOf(page: number): string {
  const names = Array.from({ length: SERIES_PER_PAGE }, (_, index) => {
    const path = PATHS[index % PATHS.length];
    return `home:${topicOf((page * 7 + Math.floor(index / PATHS.length)) % TOPICS)}#${path}`;
  });
  return new URLSearchParams([
    ["devices", "changes"],
    ...names.map((name) => ["series", name]),
  ]).toString();
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

async function measure(seconds: number, pages: number, connections: number): Promise<void> {
  using folder = temporaryFolder();
  await using broker = await startBroker();
  writeFileSync(folder.file("password"), PASSWORD);
  writeFileSync(
    folder.file("weir.yaml"),
    JSON.stringify({ streams: { home: { filters: ["home/#"], folder: folder.file("home") } } }),
  );
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  await using writer = await startProgram(
    ["bench/dashboard/writer.ts", folder.file("home"), String(MESSAGES_PER_SECOND)],
    {},
  );
  await using server = await startProgram(["services/dashboard/src/main.ts"], {
    BROKER: `127.0.0.1:${broker.port}`,
    DB_FILE: folder.file("weir.db"),
    WEIR_FILE: folder.file("weir.yaml"),
    DASHBOARD_PORT: String(port),
    DASHBOARD_HTTP_PORT: "0",
    DASHBOARD_PASSWORD_FILE: folder.file("password"),
    LOG_LEVEL: "error",
  });
  const failed = Promise.race([server.failed, writer.failed]);
  failed.catch(() => {});
  const cookie = await Promise.race([eventually(() => signIn(address)), failed]);
  await Promise.race([pause(WARM_UP_MS), failed]);
  const table = createTable("", "cores", "memory, MB (PSS)");
  table.push(await usage("no page is open", server, 5, failed));

  const arrivals: Arrival[] = [];
  using opened = new DisposableStack();
  const open = (query: string, onEvent?: (arrival: Arrival) => void): Page =>
    opened.use(openPage(address, { query, cookie }, onEvent));
  for (let page = 0; page < pages; page += 1) {
    const { status } = open(queryOf(page), (arrival) => void arrivals.push(arrival));
    if ((await status) !== 200) throw new Error(`page ${page} was answered with ${await status}`);
  }
  await Promise.race([pause(WARM_UP_MS), failed]);
  arrivals.length = 0;
  table.push(await usage(`${pages} pages`, server, seconds, failed));
  const lines = [arrivalsLine(arrivals, seconds)];

  if (connections > 0) {
    const before = pssMegabytes(server);
    arrivals.length = 0;
    const answers = await openMany(connections, () => open("devices=changes"));
    const counted = Map.groupBy(answers, (status) => status ?? "no answer");
    const text = [...counted].map(([status, of]) => `${of.length} with ${status}`).join(", ");
    lines.push(
      `${connections} more connections were answered: ${text}; memory ${before.toFixed(0)} MB before, ${pssMegabytes(server).toFixed(0)} MB after`,
      `meanwhile ${arrivalsLine(arrivals, 1)}`,
    );
    await pause(1_000);
    table.push(await usage("afterwards", server, 5, failed));
  }
  printResults(
    `${MESSAGES_PER_SECOND} messages/s on ${TOPICS} topics, ${SERIES_PER_PAGE} series a page, ${seconds} s`,
    table,
    ...lines,
  );
}

/** Cores and the most memory over some seconds. */
async function usage(name: string, server: Child, seconds: number, failed: Promise<never>) {
  const [startUs, startMs] = [cpuUs(server.pid), performance.now()];
  const memory: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    await Promise.race([pause(1_000), failed]);
    memory.push(pssMegabytes(server));
  }
  const cores = (cpuUs(server.pid) - startUs) / 1_000 / (performance.now() - startMs);
  return [name, cores.toFixed(3), (spreadOf(memory)?.max ?? Number.NaN).toFixed(0)];
}

function arrivalsLine(arrivals: readonly Arrival[], seconds: number): string {
  const ages = arrivals.flatMap(({ agesMs }) => agesMs).sort((one, other) => one - other);
  const bytes = arrivals.reduce((sum, one) => sum + one.bytes, 0);
  const perSecond = Math.round(arrivals.length / seconds);
  return `${ages.length} points came in ${perSecond} events/s and ${Math.round(bytes / seconds / 1e3)} kB/s; they were ${percentile(ages, 0.5).toFixed(0)} ms old (p50), ${percentile(ages, 0.95).toFixed(0)} ms (p95)`;
}

/** Opens many connections, some at a time. @returns how each was answered. */
async function openMany(count: number, open: () => Page): Promise<(number | null)[]> {
  const answers: (number | null)[] = [];
  let left = count;
  const openSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      answers.push(await open().status);
    }
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, openSome));
  return answers;
}

await measure(Number(options.seconds), Number(options.pages), Number(options.connections));
