import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "@weir/testkit";
import type { Browser } from "playwright-core";
import { growthOf } from "../output.ts";
import { cpuUs } from "../process.ts";
import { devicePath, openInBrowser } from "./browser.ts";
import { percentile, type Results } from "./figures.ts";
import { startRunning } from "./running.ts";
import { topicOf } from "./writer.ts";

const MESSAGES_PER_SECOND = 5_000;
/** Each of them has so many messages a second, with three values. */
const PER_TOPIC = 50;
const SAMPLE_MS = 10_000;
const WARM_UP_MS = 10_000;
const LISTED_WITHIN_MS = 60_000;

/** Notes the gaps between frames, outside of the heap whose growth is measured. */
const SCRIPT = `
  globalThis.gaps = new Float64Array(1_000_000);
  globalThis.gapCount = 0;
  let before = null;
  const note = (nowMs) => {
    if (before !== null && gapCount < gaps.length) gaps[gapCount++] = nowMs - before;
    before = nowMs;
    requestAnimationFrame(note);
  };
  requestAnimationFrame(note);`;

/** Frames and memory of a device's page whose series come fast, in a stream that is faster. */
export async function measureFrames(browser: Browser, minutes: number): Promise<Results> {
  await using running = await startRunning();
  const topics = MESSAGES_PER_SECOND / PER_TOPIC;
  const home = `${running.folder}/home`;
  await running.start([
    "bench/dashboard/writer.ts",
    home,
    String(MESSAGES_PER_SECOND),
    String(topics),
  ]);
  await running.start(["services/stats/src/main.ts"], { STATS_HTTP_PORT: "0" });
  const path = devicePath(topicOf(0));
  const isListed = async (): Promise<boolean> => {
    const answer = await fetch(`${running.address}/api/v1${path}`, {
      headers: { cookie: running.cookie },
    });
    return answer.ok;
  };
  await Promise.race([eventually(isListed, LISTED_WITHIN_MS), running.failed]);

  const page = await openInBrowser(browser, running, { path, script: SCRIPT });
  const session = await page.context().newCDPSession(page);
  await page.locator(".chart-host canvas").waitFor();
  await Promise.race([pause(WARM_UP_MS), running.failed]);
  await page.evaluate("gapCount = 0");
  const heap: number[] = [];
  const [startUs, startMs] = [cpuUs(running.dashboard.pid), performance.now()];
  const samples = Math.max(2, Math.round((minutes * 60_000) / SAMPLE_MS)) + 1;
  for (let sample = 0; sample < samples; sample += 1) {
    if (sample > 0) await Promise.race([pause(SAMPLE_MS), running.failed]);
    await session.send("HeapProfiler.collectGarbage");
    heap.push((await session.send("Runtime.getHeapUsage")).usedSize / 1e6);
  }
  const cores = (cpuUs(running.dashboard.pid) - startUs) / 1_000 / (performance.now() - startMs);
  const gaps = await page.evaluate<number[]>("Array.from(gaps.subarray(0, gapCount))");
  await page.context().close();
  return {
    title: `a page with ${PER_TOPIC} messages/s of ${MESSAGES_PER_SECOND}/s, ${minutes} min`,
    figures: [
      { text: "gap between frames, p50", value: percentile(gaps, 0.5), unit: "ms" },
      { text: "gap between frames, p95", value: percentile(gaps, 0.95), unit: "ms", atMost: 17 },
      { text: "gap between frames, p99", value: percentile(gaps, 0.99), unit: "ms" },
      { text: "heap of the page, at first", value: heap[0] ?? Number.NaN, unit: "MB" },
      { text: "heap of the page, at last", value: heap.at(-1) ?? Number.NaN, unit: "MB" },
      { text: "heap of the page, slope", value: slopeOf(heap) * 1_000, unit: "kB/min" },
      {
        text: "heap of the page, last quarter over second",
        value: growthOf(heap),
        unit: "x",
        atMost: 1.05,
      },
      { text: "the server meanwhile", value: cores, unit: "cores" },
    ],
    notes: [`${gaps.length} frames; ${heap.length} samples of the heap, each after a collection`],
  };
}

/** How much samples rise in a minute, by least squares. */
function slopeOf(samples: readonly number[]): number {
  const minutesOf = (index: number): number => (index * SAMPLE_MS) / 60_000;
  const middle = minutesOf(samples.length - 1) / 2;
  const average = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  let [over, under] = [0, 0];
  for (const [index, value] of samples.entries()) {
    over += (minutesOf(index) - middle) * (value - average);
    under += (minutesOf(index) - middle) ** 2;
  }
  return over / under;
}
