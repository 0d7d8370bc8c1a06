// Every page as different people use it: who may what, what devices can do to it, whether all can use it.
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { session } from "@weir/dashboard/contract/access";
import { connectTestClient, type TestClient } from "@weir/testkit";
import type { Page } from "playwright-core";
import { hasChromium } from "../../tools/chromium.ts";
import { look, PHONE, WIDE } from "./look.ts";
import { ask, PASSWORD, setUp, signIn, startTrial, type Trial } from "./trial.ts";

jest.setTimeout(300_000);

const KITCHEN = encodeURIComponent("devices:devices/kitchen");
const DEVICE_TABS = ["log", "connections", "states", "settings"];
const ADDRESSES = [
  "/",
  "/devices",
  "/series",
  "/series?series=data%3ADATA%23number",
  ...DEVICE_TABS.map((tab) => `/devices/${KITCHEN}?tab=${tab}`),
  "/system",
  "/account",
  "/nowhere",
];

const inChromium = hasChromium() ? describe : describe.skip;

inChromium("the pages", () => {
  let trial: Trial;
  let operator: Page;
  let garden: TestClient;

  beforeAll(async () => {
    trial = await startTrial();
    operator = await trial.open("/", { viewport: WIDE });
    await setUp(operator, trial.code);
    garden = await connectTestClient(trial.brokerPort, undefined, { clientId: "garden" });
  });
  afterAll(async () => {
    await garden?.[Symbol.asyncDispose]();
    await trial?.[Symbol.asyncDispose]();
  });
  afterEach(() => expect(trial.offences).toEqual([]));

  const publish = (topic: string, payload: unknown): Promise<unknown> =>
    garden.publish(topic, JSON.stringify(payload), { qos: 1 });

  const visit = (page: Page, address: string): Promise<void> => trial.visit(page, address);

  test("two browsers see the same live value, without being loaded again", async () => {
    const other = await trial.open("/");
    await signIn(other, "admin", PASSWORD);
    for (const temperature of [20.5, 21.5]) {
      await publish("devices/garden/state", { temperature });
      for (const page of [operator, other]) {
        const card = page.getByRole("main").getByRole("link", { name: "garden" });
        await card.locator(".first", { hasText: String(temperature) }).waitFor();
      }
    }
    const averages = other.getByRole("region", { name: "Averages of the readings" });
    await averages
      .getByText(/readings, /)
      .first()
      .waitFor();
  });

  test("a viewer sees everything, and is refused what changes something", async () => {
    await visit(operator, "/account");
    await operator.getByRole("button", { name: "Add a user" }).click();
    const dialog = operator.getByRole("dialog", { name: "Add a user" });
    await dialog.getByLabel("Name").fill("guest");
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Add the user" }).click();
    await operator.getByRole("cell", { name: "guest" }).waitFor();

    const viewer = await trial.open(`/devices/${KITCHEN}?tab=settings`);
    await signIn(viewer, "guest", PASSWORD);
    await viewer.getByText("Only operators send commands; guest is a viewer.").waitFor();
    await viewer.getByText("Only operators delete data; guest is a viewer.").waitFor();
    const reasons = { "Report now": "viewer-reason", "Delete data…": "delete-reason" };
    for (const [name, reason] of Object.entries(reasons)) {
      const button = viewer.getByRole("button", { name });
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("aria-describedby")).toBe(reason);
    }
    await visit(viewer, "/account");
    expect(await viewer.getByRole("heading", { name: "Users" }).count()).toBe(0);

    const { csrf } = await ask(viewer, "/session", session);
    const span = { fromMs: 0, toMs: Date.now() };
    const orders: [string, object][] = [
      [`/devices/${KITCHEN}/commands`, { name: "report_now" }],
      ["/deletions", { stream: "devices", filters: ["devices/#"], ...span }],
      ["/users", { name: "another", password: PASSWORD, role: "operator" }],
      ["/tokens", { name: "key", role: "operator" }],
    ];
    for (const [path, data] of orders) {
      const headers = { "x-weir-csrf": csrf ?? "" };
      const answer = await viewer.request.post(`${trial.url}/api/v1${path}`, { data, headers });
      expect([path, answer.status()]).toEqual([path, 403]);
    }
  });

  test("text from devices stays text", async () => {
    const bold = "<b>bold</b>";
    const attack = `<img src=x onerror="window.isHurt=true">`;
    const id = `hostile-${attack}`;
    await using hostile = await connectTestClient(trial.brokerPort, undefined, { clientId: id });
    const send = (topic: string, payload: unknown): Promise<unknown> =>
      hostile.publish(topic, JSON.stringify(payload), { qos: 1 });
    // As discovery of Home Assistant names a device, its series and its unit.
    await send("homeassistant/device/hostile/config", {
      device: { identifiers: ["hostile"], name: bold },
      origin: { name: attack },
      components: {
        one: {
          platform: "sensor",
          unique_id: "hostile_one",
          name: `name ${attack}`,
          unit_of_measurement: `u${bold}`,
          state_topic: `devices/${attack}/state`,
          value_template: "{{ value_json.value }}",
        },
      },
    });
    await send(`devices/${attack}/state`, { value: 1, [attack]: 2, text: attack });
    await send("devices/hostile/state", { [bold]: 3 });
    await send("devices/hostile/log/info", { time: Date.now(), message: `log ${attack}` });
    await send(`devices/${attack}/broken`, "\u0000");

    const isText = async (text: string): Promise<void> =>
      await operator.getByRole("main").getByText(text).first().waitFor();
    await visit(operator, "/");
    await isText(attack);
    await visit(operator, "/devices");
    await isText(`devices/${attack}/state`);
    await operator.getByRole("main").getByRole("link", { name: attack }).first().click();
    await operator.getByRole("heading", { level: 1 }).waitFor();
    await operator.getByRole("tab", { name: "States" }).click();
    await operator.getByRole("tabpanel").locator("summary").first().click();
    await isText(`devices/${attack}/`);
    await visit(operator, `/devices/${encodeURIComponent("devices:devices/hostile")}`);
    await isText(bold);
    await isText(`log ${attack}`);
    await visit(operator, `/series?text=${encodeURIComponent(attack)}`);
    await operator.getByRole("main").getByRole("checkbox").first().check();
    await operator.getByText("Newest payload on").first().click();
    await isText(attack);
    await visit(operator, "/system");
    await visit(operator, `/devices/${encodeURIComponent(attack)}`);
    await operator.getByRole("heading", { level: 1, name: attack }).waitFor();
    // There is no such device, which Chromium notes.
    expect(trial.offences.splice(0)).toEqual([expect.stringContaining("a status of 404")]);
    await operator.keyboard.press("/");
    await operator.getByRole("combobox", { name: "Search" }).fill(attack);
    await operator.getByRole("option").filter({ hasText: attack }).first().waitFor();
    await operator.keyboard.press("Escape");
    expect(await operator.evaluate(() => "isHurt" in globalThis)).toBe(false);
    expect(await operator.locator("main b, main img, [onerror]").count()).toBe(0);
  });

  test("every page is reached by keys, and the help and the search too", async () => {
    await visit(operator, "/system");
    const places = {
      ...{ d: "Devices", s: "Series", w: "Workflows", a: "Alerts" },
      ...{ y: "System", o: "Overview" },
    };
    for (const [key, title] of Object.entries(places)) {
      await operator.keyboard.press("g");
      await operator.keyboard.press(key);
      await operator.getByRole("heading", { level: 1, name: title }).waitFor();
    }
    await operator.keyboard.press("?");
    await operator.getByRole("dialog", { name: "Help" }).waitFor();
    await operator.keyboard.press("Escape");
    await operator.keyboard.press("/");
    const search = operator.getByRole("dialog", { name: "Search" });
    await search.waitFor();
    await operator.keyboard.type("kitchen");
    await search
      .getByRole("option", { name: /^kitchen/ })
      .first()
      .waitFor();
    await operator.keyboard.press("Enter");
    await operator.getByRole("heading", { level: 1, name: "kitchen" }).waitFor();
  });

  test.each([WIDE, PHONE])(
    "axe finds nothing serious in light and dark at %o, and nothing is wider than the screen",
    async (viewport) => {
      const page = await trial.open("/", { viewport, reducedMotion: "reduce" });
      const findings = await look(page, "the entrance");
      await signIn(page, "admin", PASSWORD);
      for (const address of ADDRESSES) {
        await visit(page, address);
        findings.push(...(await look(page, address)));
      }
      await page.goto(`${trial.url}/devices/${KITCHEN}?tab=settings`);
      await page.getByRole("button", { name: "Delete data…" }).click();
      await page.getByRole("region", { name: "What would be deleted" }).waitFor();
      findings.push(...(await look(page, "the dialog of deletion")));
      await page.keyboard.press("Escape");
      await page.keyboard.press("/");
      await page.getByRole("option").first().waitFor();
      findings.push(...(await look(page, "the search")));
      expect(findings).toEqual([]);
      await page.context().close();
    },
  );
});
