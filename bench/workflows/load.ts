import { setTimeout as pause } from "node:timers/promises";
import { percentile, type Results } from "../dashboard/figures.ts";
import { memoryOf } from "../dashboard/running.ts";
import { type Child, cpuUs } from "../process.ts";
import { weirFiles } from "./flows.ts";
import { type Running, startRunning } from "./running.ts";

const WARM_UP_MS = 10_000;
/** What is under way at the end arrives within this time. */
const LAST_MS = 5_000;

export interface LoadOptions {
  workflows: number;
  perSecond: number;
  seconds: number;
  /** Readings of a device from one above the limit to the next. */
  passesEvery: number;
}

/** What a load has cost some processes, and how long its actions took. */
interface Measured {
  cores: number[];
  tookMs: number[];
  /** Actions that arrived over those that had to. */
  arrived: number;
}

/** Sends readings at a rate, and measures after a while. */
export async function measureUnder(
  running: Running,
  children: readonly Child[],
  { workflows, perSecond, seconds, passesEvery }: LoadOptions,
): Promise<Measured> {
  const arrivals = await running.arrivals();
  const devices = 2 * workflows;
  const sender = [
    "bench/workflows/sender.ts",
    ...[running.brokerPort, perSecond, devices, passesEvery].map(String),
  ];
  await using _sender = await running.start(sender as [string, ...string[]]);
  await Promise.race([pause(WARM_UP_MS), running.failed]);
  const fromMs = Date.now();
  const [startUs, startMs] = [children.map(({ pid }) => cpuUs(pid)), performance.now()];
  await Promise.race([pause(seconds * 1_000), running.failed]);
  const tookMs = performance.now() - startMs;
  const toMs = Date.now();
  const cores = children.map(
    ({ pid }, index) => (cpuUs(pid) - (startUs[index] ?? 0)) / 1_000 / tookMs,
  );
  await Promise.race([pause(LAST_MS), running.failed]);
  const within = arrivals.filter(({ saidMs }) => saidMs >= fromMs && saidMs < toMs);
  const expected = (perSecond * seconds) / passesEvery;
  return {
    cores,
    tookMs: within.map(({ saidMs, atMs }) => atMs - saidMs),
    arrived: within.length / expected,
  };
}

/** Many workflows over many devices. */
export async function measureLoad(options: LoadOptions): Promise<Results> {
  const { workflows: count, perSecond, seconds } = options;
  await using running = await startRunning();
  const { logger, workflows } = await running.startWeir(weirFiles(count));
  const { cores, tookMs, arrived } = await measureUnder(running, [workflows, logger], options);
  const { pss } = memoryOf(workflows);
  const [own = Number.NaN, ofLogger = Number.NaN] = cores;
  return {
    title: `${count} workflows, ${2 * count} devices, ${perSecond} messages/s for ${seconds} s`,
    figures: [
      { text: "processor use", value: own, unit: "cores", atMost: 0.5 },
      { text: "processor time a message", value: (own * 1e6) / perSecond, unit: "us" },
      { text: "memory, PSS", value: pss, unit: "MB", atMost: 250 },
      { text: "PUBLISH to action, p50", value: percentile(tookMs, 0.5), unit: "ms" },
      { text: "PUBLISH to action, p99", value: percentile(tookMs, 0.99), unit: "ms", atMost: 500 },
      { text: "actions that arrived, of those that had to", value: arrived, unit: "" },
      { text: "the logger meanwhile", value: ofLogger, unit: "cores" },
    ],
  };
}
