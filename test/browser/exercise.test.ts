// The Losant exercise in a browser, over the suite as `npm start` runs it: connect, press, watch, delete, go on.
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { deletions } from "@weir/dashboard/contract/deletions";
import { device } from "@weir/dashboard/contract/devices";
import { history } from "@weir/dashboard/contract/series";
import { connectTestClient, eventually } from "@weir/testkit";
import type { Locator, Page } from "playwright-core";
import { hasChromium } from "../../tools/chromium.ts";
import { ask, PATIENCE_MS, setUp, startTrial, type Trial } from "./trial.ts";

jest.setTimeout(300_000);

const KITCHEN = encodeURIComponent("devices:devices/kitchen");
const FILE_BYTES = 200_000_000;

const inChromium = hasChromium() ? describe : describe.skip;

inChromium("a day with a device", () => {
  let trial: Trial;
  let page: Page;

  beforeAll(async () => {
    trial = await startTrial();
    page = await trial.open("/");
    await setUp(page, trial.code);
    // A document that is loaded once more does not have it.
    await page.evaluate(() => Object.assign(globalThis, { isFirstDocument: true }));
  });
  afterAll(async () => await trial?.[Symbol.asyncDispose]());
  afterEach(async () => {
    expect(trial.offences).toEqual([]);
    expect(await page.evaluate(() => "isFirstDocument" in globalThis)).toBe(true);
  });

  const main = (): Locator => page.getByRole("main");
  const chart = (name: RegExp): Locator => page.getByRole("img", { name });
  const chip = (name: string): Locator =>
    page
      .getByRole("list", { name: "Series" })
      .getByRole("button", { name: new RegExp(`${name} *[\\d.]+`) });

  /** The newest value of a series as its switch shows it, with all its digits. */
  async function newestOf(name: string): Promise<number> {
    return Number(await chip(name).locator(".value").getAttribute("title"));
  }

  /** Sends a command by its form; returns the form, which shows its life. */
  async function command(button: string, payload?: string): Promise<Locator> {
    const form = page.locator("form.command", {
      has: page.getByRole("button", { name: button, exact: true }),
    });
    if (payload !== undefined) await form.getByRole("textbox").fill(payload);
    await form.getByRole("button", { name: button, exact: true }).click();
    return form;
  }

  async function done(button: string, payload?: string): Promise<Locator> {
    const form = await command(button, payload);
    await form.getByText(/^done in /).waitFor();
    return form;
  }

  /** Goes to a device as a user does. */
  async function goTo(name: string): Promise<void> {
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await main().getByRole("link", { name }).first().click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
  }

  test("a button makes a file, the chart shows it, and the tabs tell what happened and why", async () => {
    const card = main().getByRole("link", { name: "kitchen" });
    await card.filter({ hasText: "online" }).filter({ hasText: "GB" }).waitFor();
    await goTo("kitchen");
    await chart(/^Chart of the last .*Drive space used: .*, newest [\d.]+ GB/).waitFor();
    await page.getByText("As a table").click();
    await page
      .getByRole("region", { name: "Values of the chart" })
      .getByText(/GB/)
      .first()
      .waitFor();

    await done("Report now");
    const shown = await ask(page, `/devices/${KITCHEN}`, device);
    const used = shown.values.find(({ path }) => path === "drive-space-used")?.series ?? "";
    const valueAfter = (sinceMs: number): Promise<number> =>
      eventually(async () => {
        const known = await ask(page, `/devices/${KITCHEN}`, device);
        const value = known.values.find(({ series }) => series === used);
        return value !== undefined && value.receivedMs > sinceMs && value.newestValue;
      }, PATIENCE_MS);
    const before = await valueAfter(0);

    const form = await done("Add 1 GB file", String(FILE_BYTES));
    await form.getByText("Result").click();
    await form.getByText(`"bytes": ${FILE_BYTES}`).waitFor();
    const sandbox = join(trial.folder, "data/device/sandbox");
    const files = readdirSync(sandbox).map((name) => statSync(join(sandbox, name)).size);
    expect(files).toEqual([FILE_BYTES]);
    const madeMs = Date.now();
    await done("Report now");
    const after = await valueAfter(madeMs);
    // In GB; what others write to and remove from this disk meanwhile is less than half of it.
    expect(after - before).toBeGreaterThan((0.5 * FILE_BYTES) / 1e9);
    await eventually(async () => (await newestOf("Drive space used")) === after, PATIENCE_MS);

    const refused = await command("Change send interval", "1");
    await refused.getByText(/^rejected: .*10/).waitFor();
    const changed = await done("Change send interval", "10");
    await changed.getByText("Result").click();
    await changed.getByText('"seconds": 10').waitFor();
    await page.getByRole("tabpanel").getByText("the command add_1gb_file is done").waitFor();

    await page.getByRole("tab", { name: "Connections" }).click();
    const rows = page.getByRole("tabpanel").getByRole("row");
    const agent = trial.suite.part("device-agent");
    await page.getByRole("tabpanel").getByText("online").first().waitFor();
    process.kill(agent, "SIGKILL");
    await rows.filter({ hasText: "without a goodbye" }).first().waitFor();
    await rows
      .filter({ hasText: /(?<!dis)connected/ })
      .filter({ hasText: "as kitchen" })
      .first()
      .waitFor();
    await page.locator(".device-head").getByText("online").waitFor();
  });

  test("Pause holds the page still, says so, and catches up", async () => {
    await page.getByRole("button", { name: "Pause this page" }).click();
    const note = page.getByRole("status").filter({ hasText: "Paused at" });
    await note.waitFor();
    const held = await chip("Drive space used").getAttribute("title");
    await done("Report now");
    await note.getByText(/[1-9]\d* new points? waits?/).waitFor();
    expect(await chip("Drive space used").getAttribute("title")).toBe(held);
    await page.getByRole("button", { name: "Continue" }).click();
    await note.waitFor({ state: "detached" });
    await eventually(async () => {
      return (await chip("Drive space used").getAttribute("title")) !== held;
    }, PATIENCE_MS);
  });

  test("deletes data of a connected device with counts that agree, and brings it back", async () => {
    await using garden = await connectTestClient(trial.brokerPort, undefined, {
      clientId: "garden",
    });
    const publish = (temperature: number): Promise<unknown> =>
      garden.publish("devices/garden/state", JSON.stringify({ temperature }), { qos: 1 });
    for (let temperature = 1; temperature <= 20; temperature += 1) await publish(temperature);
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await goTo("garden");
    const whole = /temperature: 1 to 20, newest 20/;
    await chart(whole).waitFor();
    const counted = async (toMs: number): Promise<number> => {
      const series = encodeURIComponent("devices:devices/garden/state#temperature");
      const path = `/history?series=${series}&fromMs=${toMs - 3_600_000}&toMs=${toMs}&buckets=1`;
      const { series: columns } = await ask(page, path, history);
      return columns[0]?.count.reduce((sum, count) => sum + count, 0) ?? 0;
    };
    const toMs = Date.now();
    expect(await counted(toMs)).toBe(20);

    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Delete data…" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete data of garden" });
    await dialog.getByLabel("Some of its series").check();
    await dialog.getByLabel("temperature").check();
    await dialog.getByRole("button", { name: "Delete 20 readings of garden" }).click();
    await dialog.waitFor({ state: "detached" });
    const note = page.getByRole("status").filter({ hasText: "Deleted 20 readings." });
    await note.waitFor();
    const made = (await ask(page, "/deletions", deletions)).deletions;
    expect(made).toMatchObject([{ state: "hidden", hiddenRows: 20, stream: "devices" }]);
    expect(await counted(toMs)).toBe(0);

    // It is still connected, and what it sends from now on is kept.
    await publish(99);
    await chart(/temperature: 99 to 99, newest 99/).waitFor();

    await note.getByRole("button", { name: /^Undo \(24 h\)/ }).click();
    await page.getByRole("status").filter({ hasText: "Undone: everything is back." }).waitFor();
    await chart(/temperature: 1 to 99, newest 99/).waitFor();
    expect(await counted(toMs)).toBe(20);
    const [undone] = (await ask(page, "/deletions", deletions)).deletions;
    expect(undone).toMatchObject({ state: "undone", restoredRows: 20 });
    await page.getByRole("tabpanel").getByText("undone, 20 readings came back").waitFor();
  });

  test("goes on from history while the broker is away, says since when, and is live again", async () => {
    const top = page.getByRole("banner");
    await top.getByText("all stored").waitFor();
    await using taken = await takeFromBroker(trial);
    await top.getByText("broker away").waitFor();
    await top.getByText(/^since /).waitFor();
    await page.getByRole("status").filter({ hasText: "the broker has been away since" }).waitFor();
    await chart(/temperature: 1 to 99, newest 99/).waitFor();
    await page.getByText("24 h", { exact: true }).click();
    await chart(/^Chart of the last .*temperature: 1 to 99, newest 99/).waitFor();
    await goTo("kitchen");
    await chart(/Drive space used: .*, newest/).waitFor();
    await goTo("garden");

    await taken[Symbol.asyncDispose]();
    const backMs = Date.now();
    await top.getByText("all stored").waitFor();
    // The broker's memory is gone: until the logger has subscribed once more, what is published reaches no store.
    await eventually(async () => {
      return (await ask(page, `/devices/${KITCHEN}`, device)).heardMs > backMs;
    }, PATIENCE_MS);
    await using garden = await connectTestClient(trial.brokerPort);
    const payload = JSON.stringify({ temperature: 123 });
    await garden.publish("devices/garden/state", payload, { qos: 1 });
    await chart(/temperature: 1 to 123, newest 123/).waitFor();
    await eventually(async () => (await newestOf("temperature")) === 123, PATIENCE_MS);
  });
});

/** Kills the broker, and takes its port until it is disposed of: the broker cannot come back before that. */
async function takeFromBroker({ suite, brokerPort }: Trial): Promise<AsyncDisposable> {
  const broker = suite.part("broker");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.destroy();
  });
  process.kill(broker, "SIGKILL");
  await eventually(async () => {
    server.listen(brokerPort, "127.0.0.1");
    await once(server, "listening");
    return true;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}
