// Takes the pictures of the docs, in both themes and as on a phone: node tools/pinned-node.mjs test/browser/screenshots.ts
import { once } from "node:events";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { seriesPage } from "@weir/dashboard/contract/series";
import { alerts, workflows } from "@weir/flows/contract";
import { print } from "@weir/runtime";
import { connectTestClient, eventually, type TestClient } from "@weir/testkit";
import type { Page } from "playwright-core";
import { SMTPServer } from "smtp-server";
import { withPalette } from "./palette.ts";
import { DAMP, freezerWorkflow, LOW } from "./pictured-workflows.ts";
import {
  ask,
  OPERATOR,
  PASSWORD,
  PATIENCE_MS,
  setUp,
  signIn,
  startTrial,
  type Trial,
} from "./trial.ts";

const FOLDER = join(import.meta.dirname, "../../docs/images");
const BYTES_MAX = 900_000;
const WIDE = { width: 1200, height: 840 };
/** As wide as a workflow of four nodes. */
const CANVAS = { width: 1280, height: 720 };
/** With what is below the first screen. */
const HIGH = { width: 1200, height: 1480 };
const PHONE = { width: 390, height: 844 };
const HOUR_MS = 3_600_000;
/** Small lines show a day, charts an hour. */
const DAY_MS = 24 * HOUR_MS;
const EVERY_MS = { lastHour: 30_000, before: 300_000 } as const;
const READINGS_EVERY_MS = 5_000;
const WARM_MS = 12 * 60_000;
const KITCHEN = `/devices/${encodeURIComponent("devices:devices/kitchen")}`;

/** What a home is like, `hours` before now. */
const HOME: Record<string, (hours: number) => Record<string, number>> = {
  freezer: (hours) => ({ temperature: -18.2 + wave(hours, 1 / 5), battery: 91 }),
  garden: (hours) => ({
    temperature: 7.4 + 6 * wave(hours, 1 / 24),
    humidity: 81 - 20 * wave(hours, 1 / 24),
  }),
  bathroom: (hours) => ({
    temperature: 22.1 + 2 * wave(hours, 1 / 9),
    humidity: 52 + 9 * wave(hours, 1 / 7),
  }),
};

function wave(hours: number, turns: number): number {
  return Math.sin(hours * turns * 2 * Math.PI) / 2;
}

/** Takes any mail, and keeps none. */
const mails = new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  onData: (stream, _session, done) => stream.on("end", done).resume(),
});
await using stack = new AsyncDisposableStack();
stack.defer(() => mails.close());
await once(mails.listen(0, "127.0.0.1"), "listening");
await using trial = await startTrial({
  SMTP_HOST: "127.0.0.1",
  // It listens by TCP.
  SMTP_PORT: String((mails.server.address() as AddressInfo).port),
  SMTP_SECURITY: "none",
  SMTP_FROM: "weir@example.org",
});
const page = await trial.open("/", { viewport: WIDE, reducedMotion: "reduce" });
await setUp(page, trial.code);
await publishHome(page, trial.brokerPort);
mkdirSync(FOLDER, { recursive: true });

const names: string[] = [];
for (const theme of ["light", "dark"] as const) {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize(WIDE);
  await takeOverview(page, `overview-${theme}`);
  await page.setViewportSize(HIGH);
  await page.goto(trial.url + KITCHEN);
  await page.getByRole("button", { name: "Add 1 GB file" }).waitFor();
  await take(page, `device-${theme}`);
  await page.goto(`${trial.url}/system`);
  await page.getByRole("main").getByText("device-agent").waitFor();
  await take(page, `system-${theme}`);
}
const phone = await trial.open("/", { viewport: PHONE, isMobile: true, hasTouch: true });
await signIn(phone, OPERATOR, PASSWORD);
await takeOverview(phone, "phone-overview");
await phone.goto(trial.url + KITCHEN);
await take(phone, "phone-device");

await raiseAlerts(trial);
for (const theme of ["light", "dark"] as const) {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize(CANVAS);
  await page.goto(`${trial.url}/workflows/files/freezer`);
  await page.getByText("sent to you@example.org").waitFor();
  await take(page, `canvas-${theme}`);
  await page.goto(`${trial.url}/alerts`);
  await page.getByRole("main").getByText("Freezer is at").first().waitFor();
  await take(page, `alerts-${theme}`);
}

const bytes = names.reduce((sum, name) => sum + statSync(join(FOLDER, name)).size, 0);
print(`${names.length} pictures, ${Math.round(bytes / 1_000)} kB, in docs/images\n`);
if (bytes > BYTES_MAX) throw new Error(`they have more than ${BYTES_MAX / 1_000} kB together`);

/** Takes a picture once nothing is on its way. */
async function take(page: Page, name: string): Promise<void> {
  await page.getByRole("banner").getByText("all stored").waitFor();
  await eventually(async () => (await page.locator("[aria-busy=true]").count()) === 0, PATIENCE_MS);
  writeFileSync(join(FOLDER, `${name}.png`), withPalette(await page.screenshot()));
  names.push(`${name}.png`);
}

/** Takes a picture once the readings and each device have their line. */
async function takeOverview(page: Page, name: string): Promise<void> {
  await page.goto(trial.url);
  for (const device of [...Object.keys(HOME), "kitchen"]) {
    const card = page.getByRole("main").getByRole("link", { name: device });
    await card.locator(".sparkline").waitFor();
  }
  await page.locator(".averages .sparkline").waitFor();
  // Its line has the whole time that is averaged.
  await page.getByText("30 min ago").waitFor();
  await take(page, name);
}

/** A day of a home, with its times; its units are those that Home Assistant learns. */
async function publishHome(page: Page, brokerPort: number): Promise<void> {
  await using client = await connectTestClient(brokerPort);
  const publish = (topic: string, payload: object): Promise<unknown> =>
    client.publish(topic, JSON.stringify(payload), { qos: 1 });
  await publishReadings(client);
  const units = { temperature: "°C", humidity: "%", battery: "%" };
  for (const name of ["freezer", "garden", "bathroom"]) {
    await publish(`homeassistant/device/${name}/config`, {
      device: { identifiers: [name], name },
      origin: { name: "weir" },
      state_topic: `devices/${name}/state`,
      components: Object.fromEntries(
        Object.entries(units).map(([key, unit]) => [
          key,
          {
            platform: "sensor",
            unique_id: `${name}_${key}`,
            device_class: key,
            unit_of_measurement: unit,
            value_template: `{{ value_json.${key} }}`,
          },
        ]),
      ),
    });
  }
  const nowMs = Date.now();
  const kitchen = await kitchenNow(page);
  for (let agoMs = DAY_MS; agoMs >= 0; agoMs -= EVERY_MS[agoMs > HOUR_MS ? "before" : "lastHour"]) {
    const hours = agoMs / HOUR_MS;
    for (const [name, at] of Object.entries({ ...HOME, kitchen })) {
      // The kitchen itself says how it is now.
      if (name !== "kitchen" || agoMs > 0) {
        await publish(`devices/${name}/state`, { time: nowMs - agoMs, ...at(hours) });
      }
    }
  }
}

/** Saves workflows, and lets something happen that they alert of. */
async function raiseAlerts({ folder, brokerPort }: Trial): Promise<void> {
  const target = join(folder, "config/workflows");
  mkdirSync(target, { recursive: true });
  const files = { freezer: freezerWorkflow(new Date()), damp: DAMP, low: LOW };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(target, `${name}.yaml`), text);
  }
  await eventually(async () => {
    const { flows } = await ask(page, "/workflows", workflows);
    return flows.length === 3 && flows.every(({ state }) => state === "running");
  }, PATIENCE_MS);
  await using client = await connectTestClient(brokerPort);
  const publish = (name: string, state: object): Promise<unknown> =>
    client.publish(`devices/${name}/state`, JSON.stringify(state), { qos: 1 });
  await publish("garden", { temperature: 7.4, humidity: 64, battery: 9 });
  await publish("bathroom", { temperature: 22.1, humidity: 76 });
  // It has been so warm for longer than the workflow waits.
  await publish("freezer", { time: Date.now() - WARM_MS, temperature: -12.4 });
  await eventually(async () => {
    const { open } = await ask(page, "/alerts", alerts);
    return open.warning + open.info === 3;
  }, PATIENCE_MS);
}

/** Half an hour of readings before the suite's own. */
async function publishReadings(client: TestClient): Promise<void> {
  const nowMs = Date.now();
  for (let agoMs = HOUR_MS / 2; agoMs > 0; agoMs -= READINGS_EVERY_MS) {
    const hours = agoMs / HOUR_MS;
    const number = Math.round(50 + 30 * wave(hours, 3) + 40 * wave(hours, 47));
    await client.publish("DATA", JSON.stringify({ number, epochtime: nowMs - agoMs }), { qos: 1 });
  }
}

/** What the device of the suite was like: as it is now, but for two files and some work. */
async function kitchenNow(page: Page): Promise<(hours: number) => Record<string, number>> {
  const { series } = await eventually(async () => {
    const found = await ask(page, "/series?filter=devices/kitchen/state", seriesPage);
    return found.total > 0 && found;
  }, PATIENCE_MS);
  const newest = (path: string): number =>
    series.find((one) => one.path === path)?.newestValue ?? 0;
  const files = (hours: number): number => Number(hours > 0.4) + Number(hours > 0.75);
  return (hours) => ({
    "drive-space-used": newest("drive-space-used") - files(hours),
    "cpu-percent": 14 + 9 * wave(hours, 11) + 5 * wave(hours, 31),
    "memory-percent": newest("memory-percent") + 3 * wave(hours, 5),
  });
}
