// The pages over the suite in containers, in a browser that stays open while the dashboard is killed.
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { device } from "@weir/dashboard/contract/devices";
import { eventually, hasDocker } from "@weir/testkit";
import type { Browser } from "playwright-core";
import { hasChromium, launchChromium } from "../../tools/chromium.ts";
import { ask, openPage, setUp } from "../browser/trial.ts";
import { type Compose, createCompose } from "./compose.ts";

jest.setTimeout(600_000);

const KITCHEN = encodeURIComponent("devices:devices/kitchen");

const inContainers = hasDocker() && hasChromium() ? describe : describe.skip;

inContainers("the pages over the suite in containers", () => {
  let compose: Compose;
  let browser: Browser;

  beforeAll(async () => {
    compose = await createCompose("dashboard", {
      PUBLISHER_INTERVAL_MIN_MS: "50",
      PUBLISHER_INTERVAL_MAX_MS: "100",
      STATS_SLOW_TICK_SECONDS: "2",
    });
    await compose.run("up", "--build", "--detach");
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await compose?.[Symbol.asyncDispose]();
  });

  test("are live again by themselves, and keep who is signed in, when the dashboard was killed", async () => {
    const code = await eventually(async () => {
      const log = await compose.run("logs", "--no-log-prefix", "dashboard");
      return /with the code ([A-Z-]+)/.exec(log)?.[1];
    });
    const offences: string[] = [];
    const url = `http://127.0.0.1:${compose.dashboardPort}`;
    const page = await openPage(browser, url, "/", {}, offences);
    await setUp(page, code);
    const averages = page.getByRole("region", { name: "Averages of the readings" });
    await averages
      .getByText(/^[\d,]+ readings, /)
      .nth(2)
      .waitFor();
    const kitchen = page.getByRole("main").getByRole("link", { name: "kitchen" });
    await kitchen.filter({ hasText: "online" }).filter({ hasText: "GB" }).waitFor();
    expect(offences).toEqual([]);

    await page.evaluate(() => Object.assign(globalThis, { isFirstDocument: true }));
    await compose.run("kill", "--signal", "SIGKILL", "dashboard");
    const top = page.getByRole("banner");
    await top.getByText("server away").waitFor();
    await page.getByText("This page goes on by itself when it is back.").waitFor();
    const { values } = { values: await averages.innerText() };
    await compose.run("up", "--detach");
    await top.getByText("all stored").waitFor();
    await eventually(async () => (await averages.innerText()) !== values);
    await page.getByText("This page goes on by itself").waitFor({ state: "detached" });
    expect(await page.evaluate(() => "isFirstDocument" in globalThis)).toBe(true);
    expect(await ask(page, `/devices/${KITCHEN}`, device)).toMatchObject({ state: "online" });
    // While nobody answered, Chromium said so.
    const others = offences.filter((text) => !/Failed to load resource: net::ERR_/.test(text));
    expect(others).toEqual([]);
    await page.reload();
    await kitchen.filter({ hasText: "online" }).waitFor();
  });
});
