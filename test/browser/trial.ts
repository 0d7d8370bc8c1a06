import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, freePort, temporaryFolder } from "@weir/testkit";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { z } from "zod";
import { startSuite, type TrialSuite } from "../../standalone/test/fixture.ts";
import { launchChromium } from "../../tools/chromium.ts";

const PAGES_TOOL = join(import.meta.dirname, "../../tools/pages.mjs");
/** Two cores that other tests share. */
export const PATIENCE_MS = 60_000;
export const OPERATOR = "admin";
export const PASSWORD = "correct horse";

/** The suite as `npm start` runs it, and a browser that looks at its pages. */
export interface Trial extends AsyncDisposable {
  suite: TrialSuite;
  folder: string;
  brokerPort: number;
  /** Without a slash at its end. */
  url: string;
  /** Opens a browser of its own, with its own session. */
  open(path?: string, options?: BrowserContextOptions): Promise<Page>;
  /** Opens an address, and waits until nothing is on its way. */
  visit(page: Page, address: string): Promise<void>;
  /** With it the first user is made. */
  code: string;
  /** Errors in the console, and requests to other hosts, of all pages so far. */
  offences: string[];
}

/** Builds the pages if needed, and starts everything. @param settings beside those of each trial */
export async function startTrial(settings: Record<string, string> = {}): Promise<Trial> {
  execFileSync(process.execPath, [PAGES_TOOL], { stdio: "ignore" });
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder());
  const brokerPort = await freePort();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const suite = stack.use(
    await startSuite({
      folder: folder.path,
      environment: {
        BROKER_PORT: String(brokerPort),
        DASHBOARD_PORT: String(port),
        ...(await healthPorts()),
        ...settings,
      },
    }),
  );
  // The code is in the log once the port listens.
  const log = folder.file("data/logs/dashboard.log");
  const code = await eventually(
    () => existsSync(log) && /with the code ([A-Z-]+)/.exec(readFileSync(log, "utf8"))?.[1],
    PATIENCE_MS,
  );
  const browser = await launchChromium();
  stack.defer(() => browser.close());
  const offences: string[] = [];
  const open = async (path = "/", options: BrowserContextOptions = {}): Promise<Page> =>
    await openPage(browser, url, path, options, offences);
  const visit = async (page: Page, address: string): Promise<void> => {
    await page.goto(url + address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await eventually(
      async () => (await page.locator("[aria-busy=true]").count()) === 0,
      PATIENCE_MS,
    );
  };
  const owned = stack.move();
  return {
    suite,
    folder: folder.path,
    brokerPort,
    url,
    open,
    visit,
    code,
    offences,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The dashboard asks the services for their health, and the logger for deletions: it has to know where. */
async function healthPorts(): Promise<Record<string, string>> {
  const services = [
    "LOGGER",
    "STATS",
    "WORKFLOWS",
    "PUBLISHER",
    "STATS_PRINTER",
    "DEVICE_AGENT",
    "DASHBOARD",
  ];
  const ports: Record<string, string> = {};
  for (const service of services) ports[`${service}_HTTP_PORT`] = String(await freePort());
  return ports;
}

/** Opens an address, and notes what the page does wrong. */
export async function openPage(
  browser: Browser,
  url: string,
  path: string,
  options: BrowserContextOptions,
  offences: string[],
): Promise<Page> {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      offences.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => offences.push(`${page.url()}: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && protocol !== "data:" && protocol !== "blob:") {
      offences.push(`${page.url()}: it asks ${request.url()}`);
    }
  });
  await page.goto(url + path);
  return page;
}

/** Makes the first user, who is signed in then. */
export async function setUp(page: Page, code: string): Promise<void> {
  await page.getByLabel("One-time code").fill(code);
  await page.getByLabel("Name").fill(OPERATOR);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the user and sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

/** Signs in a user who exists. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

/** Asks the API with the session of a page. */
export async function ask<T>(page: Page, path: string, form: z.ZodType<T>): Promise<T> {
  const answer = await page.request.get(new URL(`/api/v1${path}`, page.url()).href);
  return form.parse(await answer.json());
}
