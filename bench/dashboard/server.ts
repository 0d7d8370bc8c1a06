// What live pages cost: a store that is written at 5,000 messages a second, the dashboard, and pages that each show
// some series of it. Processor time and memory of the dashboard, and how old points are when a page gets them.
import { setTimeout as pause } from "node:timers/promises";
import { spreadOf } from "../output.ts";
import { type Child, cpuUs } from "../process.ts";
import { type Figure, percentile, type Results } from "./figures.ts";
import { type Arrival, openPage, type Page } from "./page.ts";
import { memoryOf, startRunning } from "./running.ts";
import { TOPICS, topicOf } from "./writer.ts";

const MESSAGES_PER_SECOND = 5_000;
const SERIES_PER_PAGE = 8;
const PATHS = ["temperature", "humidity", "battery"];
const WARM_UP_MS = 5_000;
/** Connections that are opened at the same time. */
const OPENING_MAX = 200;
/** For so many pages. */
const TARGETS = { cores: 0.3, megabytes: 150 };

interface ServerOptions {
  seconds: number;
  pages: number;
  /** So many more connections are tried. */
  connections: number;
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

/** What the server needs for open pages. */
export async function measureServer(options: ServerOptions): Promise<Results> {
  const { seconds, pages, connections } = options;
  await using running = await startRunning();
  const { address, cookie, dashboard, failed } = running;
  const home = `${running.folder}/home`;
  await running.start(["bench/dashboard/writer.ts", home, String(MESSAGES_PER_SECOND)]);
  await Promise.race([pause(WARM_UP_MS), failed]);
  const figures = await usage("no page", dashboard, 5, failed);

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
  const [cores, memory] = await usage(`${pages} pages`, dashboard, seconds, failed);
  figures.push({ ...cores, atMost: TARGETS.cores }, { ...memory, atMost: TARGETS.megabytes });
  const notes = [arrivalsLine(arrivals, seconds)];

  if (connections > 0) {
    const before = memoryOf(dashboard).pss;
    arrivals.length = 0;
    const answers = await openMany(connections, () => open("devices=changes"));
    const counted = Map.groupBy(answers, (status) => status ?? "no answer");
    const text = [...counted].map(([status, of]) => `${of.length} with ${status}`).join(", ");
    notes.push(
      `${connections} more connections were answered: ${text}; memory ${before.toFixed(0)} MB before, ${memoryOf(dashboard).pss.toFixed(0)} MB after`,
      `meanwhile ${arrivalsLine(arrivals, 1)}`,
    );
    await pause(1_000);
    figures.push(...(await usage("afterwards", dashboard, 5, failed)));
  }
  return {
    title: `server: ${MESSAGES_PER_SECOND} messages/s on ${TOPICS} topics, ${SERIES_PER_PAGE} series a page, ${seconds} s`,
    figures,
    notes,
  };
}

/** Cores and the most memory over some seconds. */
async function usage(
  name: string,
  server: Child,
  seconds: number,
  failed: Promise<never>,
): Promise<[cores: Figure, memory: Figure]> {
  const [startUs, startMs] = [cpuUs(server.pid), performance.now()];
  const memory: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    await Promise.race([pause(1_000), failed]);
    memory.push(memoryOf(server).pss);
  }
  const cores = (cpuUs(server.pid) - startUs) / 1_000 / (performance.now() - startMs);
  const most = spreadOf(memory)?.max ?? Number.NaN;
  return [
    { text: `${name}: processor`, value: cores, unit: "cores" },
    { text: `${name}: memory at most, PSS`, value: most, unit: "MB" },
  ];
}

function arrivalsLine(arrivals: readonly Arrival[], seconds: number): string {
  const ages = arrivals.flatMap(({ agesMs }) => agesMs);
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
