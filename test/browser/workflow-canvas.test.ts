// A workflow on the canvas, from nothing to the mail that arrives: drawn, tried on the past, saved, run, moved.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { session } from "@weir/dashboard/contract/access";
import { connectTestClient, eventually, type TestClient } from "@weir/testkit";
import type { Locator, Page } from "playwright-core";
import { SMTPServer } from "smtp-server";
import { hasChromium } from "../../tools/chromium.ts";
import { look, PHONE, WIDE } from "./look.ts";
import { ask, PASSWORD, PATIENCE_MS, setUp, signIn, startTrial, type Trial } from "./trial.ts";

jest.setTimeout(300_000);

const ADDRESS = "/workflows/files/freezer?flow=freezer-warm";

const inChromium = hasChromium() ? describe : describe.skip;

inChromium("the canvas of workflows", () => {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    onData: (stream, _session, done) => {
      let mail = "";
      stream.on("data", (chunk) => {
        mail += chunk;
      });
      stream.on("end", () => {
        mails.push(mail);
        done();
      });
    },
  });
  let trial: Trial;
  let page: Page;
  let freezer: TestClient;

  beforeAll(async () => {
    const listening = server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    trial = await startTrial({
      SMTP_HOST: "127.0.0.1",
      // It listens by TCP.
      SMTP_PORT: String((server.server.address() as AddressInfo).port),
      SMTP_SECURITY: "none",
      SMTP_FROM: "weir@example.org",
    });
    page = await trial.open("/", { viewport: WIDE });
    await setUp(page, trial.code);
    freezer = await connectTestClient(trial.brokerPort, undefined, { clientId: "freezer" });
    for (const celsius of [-18, -12, -18, -10, -18]) await publish(celsius);
    await eventually(async () => {
      const found = await page.request.get(`${trial.url}/api/v1/series?text=freezer%20temperature`);
      return ((await found.json()) as { total: number }).total > 0;
    }, PATIENCE_MS);
  });
  afterAll(async () => {
    await freezer?.[Symbol.asyncDispose]();
    await trial?.[Symbol.asyncDispose]();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(resolve);
    await promise;
  });
  afterEach(() => expect(trial.offences).toEqual([]));

  const publish = (celsius: number): Promise<unknown> =>
    freezer.publish("devices/freezer/state", JSON.stringify({ temperature: celsius }), { qos: 1 });
  const saved = (name: string): string =>
    readFileSync(join(trial.folder, "config/workflows", name), "utf8");
  const panel = (): Locator => page.getByRole("region", { name: "Selected" });
  const box = (name: string): Locator => page.getByRole("group", { name, exact: true });
  const port = (node: string, name: string): Locator =>
    page.locator(`[data-id="freezer-warm/${node}"] [data-handleid="${name}"]`);
  const add = (type: string): Promise<void> =>
    page.getByRole("button", { name: `Add ${type}`, exact: true }).click();
  const fill = (label: string, text: string): Promise<void> =>
    panel().getByLabel(label, { exact: true }).fill(text);
  /** Selects a node by the keyboard. */
  const select = async (name: string, type: string): Promise<void> => {
    await box(`${name}, ${type}`).focus();
    await page.keyboard.press("Enter");
    await panel().getByRole("heading", { name, exact: true }).waitFor();
    await page.locator(".react-flow__node.selected", { hasText: name }).waitFor();
  };
  /** A wire; a straight one has no height, so that the browser's driver takes it for hidden. */
  const wire = (name: string): Promise<void> =>
    page.getByRole("group", { name, exact: true }).waitFor({ state: "attached" });
  /** Drags from one place to another by the middle of both. */
  const drag = async (from: Locator, to: Locator): Promise<void> => {
    const [source, target] = [await middleOf(from), await middleOf(to)];
    await page.mouse.move(source.x, source.y);
    await page.mouse.down();
    await page.mouse.move(target.x, target.y, { steps: 8 });
    await page.mouse.up();
  };
  const save = async (): Promise<void> => {
    await page.getByRole("button", { name: "Save…" }).click();
    const dialog = page.getByRole("dialog", { name: /^Save/ });
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("status").getByText("saved", { exact: true }).waitFor();
  };

  test("draws a workflow from nothing: nodes, forms and wires", async () => {
    await trial.visit(page, ADDRESS);
    await add("threshold");
    // What is missing is said at the field.
    await panel().getByText("Give above or below, and only one of them").waitFor();
    await fill("series", "devices/freezer/state#temperature");
    await fill("above", "-15");
    await fill("clearBelow", "-17");
    await fill("Name", "warm");
    await panel().getByLabel("Name").press("Enter");
    await add("alert");
    await fill("title required", "Freezer is at {{value}} °C");
    await add("email");
    await fill("to required", "you@example.org");
    await fill("subject required", "{{alert.title}}");
    await panel().getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Show all" }).click();
    await drag(port("warm", "yes"), port("alert", "raise"));
    await wire("Wire warm.yes to alert.raise");
    await drag(port("warm", "no"), port("alert", "clear"));
    // The third one without a pointer.
    await select("alert", "alert");
    await panel().getByLabel("raised →").selectOption({ label: "email.in" });
    await wire("Wire alert.raised to email.in");
    expect(await look(page, "the canvas")).toEqual([]);

    await page.getByRole("tab", { name: "YAML" }).click();
    const text = page.getByRole("textbox", { name: "Text of freezer.yaml" });
    await eventually(async () => (await text.inputValue()).includes("- warm.no -> alert.clear"));
    expect(await look(page, "its text")).toEqual([]);
    await page.getByRole("tab", { name: "Canvas" }).click();
  });

  test("takes steps back and again", async () => {
    await select("email", "email");
    await page.keyboard.press("Delete");
    await box("email, email").waitFor({ state: "detached" });
    await page.keyboard.press("Control+z");
    await box("email, email").waitFor();
    await page.keyboard.press("Control+Shift+z");
    await box("email, email").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await wire("Wire alert.raised to email.in");
  });

  test("cuts a wire by the keyboard, and by the panel", async () => {
    const name = "Wire alert.raised to email.in";
    const cut = page.getByRole("group", { name, exact: true });
    await cut.focus();
    await page.keyboard.press("Enter");
    await panel().getByRole("heading", { name: "Wire" }).waitFor();
    await page.locator(".react-flow__edge.selected").waitFor({ state: "attached" });
    await page.keyboard.press("Delete");
    await cut.waitFor({ state: "detached" });
    // The keyboard goes on where it was.
    expect(await page.evaluate<string>("document.activeElement.ariaLabel")).toBe("Canvas");
    await page.keyboard.press("Control+z");
    await wire(name);
    await cut.focus();
    await page.keyboard.press("Enter");
    await panel().getByRole("button", { name: "Delete" }).click();
    await cut.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await wire(name);
  });

  test("says how often it would have fired, and shows when on the series", async () => {
    await page.getByRole("button", { name: "Test on the past…" }).click();
    const dialog = page.getByRole("dialog", { name: "Test on the past" });
    await dialog.getByRole("button", { name: "Run the test" }).click();
    await dialog.getByText("Fires twice.").waitFor();
    await dialog.getByRole("img", { name: /temperature/ }).waitFor();
    expect(await dialog.getByRole("row", { name: /Freezer is at -1[02] °C/ }).count()).toBe(4);
    expect(await look(page, "the test")).toEqual([]);
    await page.keyboard.press("Escape");
    expect(mails).toEqual([]);
  });

  test("shows what a save changes, saves, and the mail arrives", async () => {
    await page.getByRole("button", { name: "Save…" }).click();
    const dialog = page.getByRole("dialog", { name: "Save freezer.yaml" });
    await dialog.getByText("- warm.yes -> alert.raise").waitFor();
    expect(await look(page, "the save")).toEqual([]);
    await page.keyboard.press("Escape");
    await save();
    expect(saved("freezer.yaml")).toContain("- warm.yes -> alert.raise");

    await publish(-9);
    await eventually(() => mails.length > 0, PATIENCE_MS);
    expect(mails[0]).toMatch(/^Subject: .*Freezer/m);
    // The last run lights its way.
    await wire("Wire alert.raised to email.in, taken by the run");
    await box("email, email").getByText("sent to you@example.org").waitFor();
    expect(await look(page, "the last run")).toEqual([]);
  });

  test("moves a box without a change of the workflow", async () => {
    const before = saved("freezer.yaml");
    const layout = saved("freezer.layout.json");
    await select("warm", "threshold");
    await page.keyboard.press("ArrowDown");
    await page.getByRole("button", { name: "Save…" }).click();
    await page.getByText("Only the places of boxes change").waitFor();
    await page.keyboard.press("Escape");
    await save();
    expect(saved("freezer.yaml")).toBe(before);
    expect(saved("freezer.layout.json")).not.toBe(layout);
  });

  test("does not lose what somebody else has saved", async () => {
    const theirs = saved("freezer.yaml").replace("above: -15", "above: -14");
    writeFileSync(join(trial.folder, "config/workflows/freezer.yaml"), theirs);
    await fill("above", "-13");
    await page.getByRole("button", { name: "Save…" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Somebody else has saved this file").waitFor();
    await page.getByRole("deletion").getByText("above: -14").waitFor();
    await page.getByRole("button", { name: "Drop mine, show theirs" }).click();
    await eventually(
      async () => (await panel().getByLabel("above", { exact: true }).inputValue()) === "-14",
    );
    expect(saved("freezer.yaml")).toBe(theirs);
    // The browser notes the refusal of the first save.
    expect(trial.offences.splice(0)).toEqual([expect.stringContaining("409")]);
  });

  test("asks before changes are left", async () => {
    await fill("above", "-12");
    const links = page.getByRole("navigation", { name: "Pages" });
    page.once("dialog", (dialog) => void dialog.dismiss());
    await links.getByRole("link", { name: "Devices" }).click();
    expect(new URL(page.url()).pathname).toBe("/workflows/files/freezer");
    page.once("dialog", (dialog) => void dialog.accept());
    await links.getByRole("link", { name: "Devices" }).click();
    await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  });

  test("has several workflows, and a button that is pressed", async () => {
    await trial.visit(page, ADDRESS);
    // The canvas has the room while nothing is selected.
    await box("warm, threshold").waitFor();
    expect(await panel().count()).toBe(0);
    await page.getByRole("button", { name: "Add a workflow" }).click();
    await fill("Name", "bell");
    await panel().getByLabel("Name").press("Enter");
    await add("button");
    await add("debug");
    await select("button", "button");
    await panel().getByLabel("pressed →").selectOption({ label: "debug.in" });
    await save();
    await box("button, button").getByRole("button", { name: "Press" }).click();
    await wire("Wire button.pressed to debug.in, taken by the run");
    expect(saved("freezer.yaml")).toMatch(/^ {2}bell:$/m);
    expect(await look(page, "two workflows")).toEqual([]);
  });

  test("is for looking only, for a viewer and on a phone", async () => {
    const operator = await ask(page, "/session", session);
    await page.request.post(`${trial.url}/api/v1/users`, {
      data: { name: "guest", password: PASSWORD, role: "viewer" },
      headers: { "x-weir-csrf": operator.csrf ?? "" },
    });
    const viewer = await trial.open(ADDRESS, { viewport: PHONE, hasTouch: true });
    await signIn(viewer, "guest", PASSWORD);
    await viewer.getByText("Only operators change workflows; guest is a viewer.").waitFor();
    await viewer.getByRole("group", { name: "warm, threshold" }).waitFor();
    expect(await viewer.getByRole("region", { name: "Nodes to add" }).count()).toBe(0);
    expect(await viewer.getByRole("button", { name: "Save…" }).count()).toBe(0);
    await viewer.getByRole("group", { name: "warm, threshold" }).tap();
    expect(await viewer.getByRole("textbox", { name: "Name" }).isDisabled()).toBe(true);
    expect(await look(viewer, "on a phone")).toEqual([]);
  });
});

async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const found = await locator.boundingBox();
  if (found === null) throw new Error("it is not on the screen");
  return { x: found.x + found.width / 2, y: found.y + found.height / 2 };
}
