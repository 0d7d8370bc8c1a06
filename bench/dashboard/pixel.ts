import { setTimeout as pause } from "node:timers/promises";
import { connectTestClient, eventually, freePort } from "@weir/testkit";
import type { Browser } from "playwright-core";
import { readyAt } from "../logger/weir.ts";
import { devicePath, openInBrowser, within } from "./browser.ts";
import { percentile, type Results } from "./figures.ts";
import { startRunning } from "./running.ts";

const TOPIC = "home/sensor-0";
const READINGS = 50;
/** So many make a series with a kind and a place on the pages. */
const READINGS_BEFORE = 20;
const PAUSE_MS = { min: 200, max: 700 };
const SHOWN_WITHIN_MS = 20_000;

/** Waits for a value anywhere on a page, and notes when the frame comes that shows it. */
const SCRIPT = `
  globalThis.waitFor = (value) => {
    globalThis.shown = new Promise((resolve) => {
      const look = () => {
        if (document.querySelector('main .value[title="' + value + '"]') === null) return;
        observer.disconnect();
        requestAnimationFrame(() => resolve(Date.now()));
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      look();
    });
  };`;

/** How long a reading takes from its publication to the number on a page: broker, logger, stats, dashboard, browser. */
export async function measurePixel(browser: Browser): Promise<Results> {
  await using running = await startRunning();
  const httpPort = await freePort();
  const logger = await running.start(["services/logger/src/main.ts"], {
    LOGGER_HTTP_PORT: String(httpPort),
  });
  await Promise.race([readyAt(httpPort), logger.failed]);
  await running.start(["services/stats/src/main.ts"], { STATS_HTTP_PORT: "0" });
  await using client = await connectTestClient(running.brokerPort);
  let published = 0;
  const publish = async (): Promise<{ atMs: number; value: number }> => {
    published += 1;
    // None comes twice, and they do not rise: a counter would be shown otherwise.
    const value = ((published * 379) % 1_009) / 10;
    const atMs = Date.now();
    await client.publish(TOPIC, JSON.stringify({ temperature: value }), { qos: 1 });
    return { atMs, value };
  };
  for (let reading = 0; reading < READINGS_BEFORE; reading += 1) await publish();
  const isListed = async (): Promise<boolean> => {
    const answer = await fetch(`${running.address}/api/v1/devices`, {
      headers: { cookie: running.cookie },
    });
    return (await answer.text()).includes(`home:${TOPIC}`);
  };
  await Promise.race([eventually(isListed, SHOWN_WITHIN_MS), running.failed]);

  const figures = [];
  for (const [name, path] of [
    ["device", devicePath(TOPIC)],
    ["overview", "/"],
  ] as const) {
    const page = await openInBrowser(browser, running, { path, script: SCRIPT });
    page.setDefaultTimeout(SHOWN_WITHIN_MS);
    await page.locator("main .value").first().waitFor();
    const tookMs: number[] = [];
    for (let reading = -1; reading < READINGS; reading += 1) {
      await pause(PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min));
      const next = ((((published + 1) * 379) % 1_009) / 10).toString();
      await page.evaluate(`waitFor(${next})`);
      const { atMs } = await publish();
      const shown = page.evaluate<number>("shown");
      const what = `the ${name} page did not show ${next}`;
      const shownMs = await within(SHOWN_WITHIN_MS, what, Promise.race([shown, running.failed]));
      // The first one opens what the others use.
      if (reading >= 0) tookMs.push(shownMs - atMs);
    }
    await page.context().close();
    figures.push(
      { text: `${name} page, p50`, value: percentile(tookMs, 0.5), unit: "ms" },
      { text: `${name} page, p95`, value: percentile(tookMs, 0.95), unit: "ms", atMost: 500 },
    );
  }
  return { title: `publish to pixel, ${READINGS} readings`, figures };
}
