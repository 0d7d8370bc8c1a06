// Workflows in a browser, over the suite as `npm start` runs it: an alert and its run, a button, a switch, a viewer.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { session } from "@weir/dashboard/contract/access";
import { connectTestClient, eventually, type TestClient } from "@weir/testkit";
import type { Locator, Page } from "playwright-core";
import { hasChromium } from "../../tools/chromium.ts";
import { look, PHONE, WIDE } from "./look.ts";
import { ask, PASSWORD, setUp, signIn, startTrial, type Trial } from "./trial.ts";

jest.setTimeout(300_000);

const FREEZER = `# The family's freezer.
flows:
  freezer-warm:
    title: Freezer is warm
    nodes:
      warm: { type: threshold, series: "devices/freezer/state#temperature", above: -15 }
      alert: { type: alert, severity: critical, title: "Freezer is at {{value}} °C" }
    wires:
      - warm.yes -> alert.raise
      - warm.no -> alert.clear
`;
const HOUSE = `flows:
  report:
    nodes:
      press: { type: button, label: "Report now", payload: { asked: "everything" } }
      seen: { type: debug }
      lost: { type: debug }
    wires: [press -> seen]
  wrong:
    nodes:
      quiet: { type: inactiv }
`;
const ADDRESSES = ["/", "/workflows", "/workflows/runs", "/workflows/nodes", "/alerts"];

const inChromium = hasChromium() ? describe : describe.skip;

inChromium("workflows", () => {
  let trial: Trial;
  let page: Page;
  let freezer: TestClient;

  beforeAll(async () => {
    trial = await startTrial();
    page = await trial.open("/", { viewport: WIDE });
    await setUp(page, trial.code);
    freezer = await connectTestClient(trial.brokerPort, undefined, { clientId: "freezer" });
  });
  afterAll(async () => {
    await freezer?.[Symbol.asyncDispose]();
    await trial?.[Symbol.asyncDispose]();
  });
  afterEach(() => expect(trial.offences).toEqual([]));

  const file = (name: string): string => join(trial.folder, "config/workflows", name);
  const main = (): Locator => page.getByRole("main");
  const flow = (name: string): Locator => page.getByRole("article", { name });
  const publish = (celsius: number): Promise<unknown> =>
    freezer.publish("devices/freezer/state", JSON.stringify({ temperature: celsius }), { qos: 1 });

  test("files that are written come to the open page, what is wrong in one with its line", async () => {
    await trial.visit(page, "/workflows");
    await page.getByRole("heading", { name: "There is no workflow yet" }).waitFor();
    mkdirSync(join(trial.folder, "config/workflows"), { recursive: true });
    writeFileSync(file("freezer.yaml"), FREEZER);
    writeFileSync(file("house.yaml"), HOUSE);
    await flow("Freezer is warm").getByText("running").waitFor();
    await flow("wrong").getByText("invalid").waitFor();
    await flow("report").getByText("lost: no wire leads to it").waitFor();
    await main()
      .getByText(/house\.yaml:10.*inactiv/)
      .first()
      .waitFor();
  });

  test("an alert comes to the open page, is acknowledged and cleared, and its run says why", async () => {
    await trial.visit(page, "/alerts");
    await page.getByRole("heading", { name: "No alert has been raised yet" }).waitFor();
    await publish(-9);
    const alert = page.getByRole("article", { name: "Freezer is at -9 °C" });
    await alert.getByText("critical").waitFor();
    const places = page.getByRole("navigation", { name: "Pages" });
    await places.getByText("1 new alert").waitFor();
    expect(await page.title()).toBe("(1) Alerts · Weir");
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    const looks = page.getByRole("region", { name: "Needs a look" });
    await looks.getByRole("link", { name: "Freezer is at -9 °C" }).click();

    await alert.getByRole("button", { name: "Acknowledge" }).click();
    await alert.getByText("Acknowledged by admin").waitFor();
    await places.getByText("1 new alert").waitFor({ state: "detached" });
    expect(await page.title()).toBe("Alerts · Weir");
    await alert.getByRole("button", { name: "Clear" }).click();
    const row = page.getByRole("row", { name: /Freezer is at -9 °C.*by admin/ });
    await row.getByRole("link", { name: "Freezer is at -9 °C" }).click();

    await page.getByRole("heading", { name: "Path" }).waitFor();
    const steps = page.getByRole("listitem");
    await steps.filter({ hasText: "warm went on by yes" }).getByText("−9").first().waitFor();
    await steps.filter({ hasText: "alert at raise" }).waitFor();
    await page
      .getByRole("region", { name: "Data", exact: true })
      .getByText('"value": -9')
      .waitFor();
  });

  test("a button is pressed, and its run shows what reached the node debug", async () => {
    await trial.visit(page, "/workflows");
    await flow("report").getByRole("button", { name: "Report now" }).click();
    await flow("report").locator(".press").getByRole("link", { name: "done" }).click();
    await page.getByText("everything").first().waitFor();
    await page.getByRole("link", { name: "Runs of report" }).click();
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    await page.getByRole("list", { name: "Runs" }).getByRole("link", { name: "report" }).waitFor();
    await page.getByLabel("State").selectOption("failed");
    await page.getByText("No run is like this.").waitFor();
  });

  test("a switch changes the file, and leaves its comments", async () => {
    await trial.visit(page, "/workflows");
    const box = page.getByRole("checkbox", { name: "freezer-warm is on" });
    await box.click();
    await flow("Freezer is warm").locator(".state", { hasText: "off" }).waitFor();
    const text = readFileSync(file("freezer.yaml"), "utf8");
    expect(text).toMatch(/enabled: false/);
    expect(text).toContain("# The family's freezer.");
    await box.click();
    await flow("Freezer is warm").locator(".state", { hasText: "running" }).waitFor();
  });

  test("a viewer sees everything, and is refused what changes something", async () => {
    const operator = await ask(page, "/session", session);
    const user = { name: "guest", password: PASSWORD, role: "viewer" };
    await page.request.post(`${trial.url}/api/v1/users`, {
      data: user,
      headers: { "x-weir-csrf": operator.csrf ?? "" },
    });
    const viewer = await trial.open("/workflows");
    await signIn(viewer, "guest", PASSWORD);
    await viewer
      .getByText("Only operators change and press workflows; guest is a viewer.")
      .waitFor();
    const press = viewer.getByRole("button", { name: "Report now" });
    expect(await press.isDisabled()).toBe(true);
    expect(await press.getAttribute("aria-describedby")).toBe("workflows-reason");
    expect(await viewer.getByRole("checkbox").first().isDisabled()).toBe(true);
    expect(await viewer.getByRole("button", { name: "New workflow" }).count()).toBe(0);

    const { csrf } = await ask(viewer, "/session", session);
    const orders: [string, object][] = [
      ["/workflows/flows/report/buttons/press", {}],
      ["/workflows/flows/report/enabled", { isEnabled: false }],
      ["/workflows/flows/report/resume", {}],
      ["/workflows/files/mine", { text: "flows: {}", layout: {}, revision: null }],
      ["/alerts/1/acknowledge", {}],
      ["/alerts/1/clear", {}],
    ];
    for (const [path, data] of orders) {
      const headers = { "x-weir-csrf": csrf ?? "" };
      const answer = await viewer.request.post(`${trial.url}/api/v1${path}`, { data, headers });
      expect([path, answer.status()]).toEqual([path, 403]);
    }
  });

  test.each([WIDE, PHONE])(
    "axe finds nothing serious in light and dark at %o, and nothing is wider than the screen",
    async (viewport) => {
      await publish(-20);
      await publish(-8);
      const other = await trial.open("/", { viewport, reducedMotion: "reduce" });
      await signIn(other, "admin", PASSWORD);
      await other
        .getByRole("navigation", { name: "Pages" })
        .getByText("1 new alert")
        .waitFor({ state: "attached" });
      const findings: string[] = [];
      for (const address of ADDRESSES) {
        await trial.visit(other, address);
        findings.push(...(await look(other, address)));
      }
      await trial.visit(other, "/workflows/runs");
      await other.getByRole("list", { name: "Runs" }).getByRole("link").first().click();
      await other.getByRole("heading", { name: "Path" }).waitFor();
      findings.push(...(await look(other, "a run")));
      await trial.visit(other, "/workflows");
      await other.getByRole("button", { name: "New workflow" }).click();
      await other.getByRole("dialog", { name: "New workflow" }).waitFor();
      findings.push(...(await look(other, "the dialog of a new workflow")));
      expect(findings).toEqual([]);
      await other.context().close();
    },
  );

  test("while the service is away, the pages say so, and go on when it is back", async () => {
    await trial.visit(page, "/workflows");
    await flow("Freezer is warm").waitFor();
    const workflows = trial.suite.part("workflows");
    process.kill(workflows, "SIGSTOP");
    try {
      await page.reload();
      await main()
        .getByRole("alert")
        .getByText(/workflows/)
        .first()
        .waitFor();
    } finally {
      process.kill(workflows, "SIGCONT");
    }
    await flow("Freezer is warm").waitFor();
    // Chromium notes each answer that is an error.
    await eventually(() => trial.offences.length > 0);
    const others = trial.offences.splice(0).filter((one) => !one.includes("a status of 503"));
    expect(others).toEqual([]);
  });
});
