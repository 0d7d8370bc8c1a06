import type { Browser } from "playwright-core";
import { median } from "../output.ts";
import { devicePath, openInBrowser, within } from "./browser.ts";
import type { Results } from "./figures.ts";
import { makeHistory } from "./history.ts";
import { type Running, startRunning } from "./running.ts";

const ROUNDS = 5;
const YEAR_DAYS = 365;
const DRAWN_WITHIN_MS = 30_000;

/** Notes when the first frame has a line on the canvas of the chart: pixels of a colour, which axes do not have. */
const SCRIPT = `
  const hasLine = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = data.subarray(at, at + 4);
      const isColoured = Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
      if (isColoured && alpha > 128) return true;
    }
    return false;
  };
  globalThis.firstChartMs = new Promise((resolve) => {
    const look = () => {
      const canvas = document.querySelector(".chart-host canvas");
      if (canvas === null || !hasLine(canvas)) requestAnimationFrame(look);
      else resolve(performance.now());
    };
    requestAnimationFrame(look);
  });`;

/** How long a cold page takes to its first chart, from the beginning of the navigation. */
export async function measureFirstChart(browser: Browser, years: number): Promise<Results> {
  await using day = await startRunning((folder) => makeHistory(folder, 1));
  await using whole = await startRunning((folder) => makeHistory(folder, years * YEAR_DAYS));
  const hour = devicePath("home/sensor-0");
  const all = `${hour}?range=${years * YEAR_DAYS * 86_400}s`;
  const cases = [
    { text: "a day of history", running: day, path: hour },
    { text: `${years} years of history`, running: whole, path: hour },
    { text: `${years} years of history, all of them shown`, running: whole, path: all },
  ].map((one) => ({ ...one, tookMs: [] as number[] }));
  // The first answer of a process, which compiles what it runs, is not counted.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { running, path, tookMs } of cases) {
      const took = await firstChart(browser, running, path);
      if (round > 0) tookMs.push(took);
    }
  }
  const [ofDay = Number.NaN, ofYears = Number.NaN] = cases.map(({ tookMs }) => median(tookMs));
  return {
    title: `first chart of a cold page, median of ${ROUNDS}`,
    figures: [
      ...cases.map(({ text, tookMs }) => ({
        text,
        value: median(tookMs),
        unit: "ms",
        atMost: 1_000,
      })),
      { text: `${years} years over a day`, value: ofYears / ofDay, unit: "x", atMost: 1.1 },
    ],
  };
}

async function firstChart(browser: Browser, running: Running, path: string): Promise<number> {
  const page = await openInBrowser(browser, running, { path, script: SCRIPT });
  try {
    const drawn = page.evaluate<number>("firstChartMs");
    const what = `no chart was drawn at ${path}`;
    return await within(DRAWN_WITHIN_MS, what, Promise.race([drawn, running.failed]));
  } finally {
    await page.context().close();
  }
}
