// Takes the pictures of the docs, in both themes and as on a phone: node test/browser/screenshots.ts
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { print } from "@weir/runtime";
import { connectTestClient, eventually } from "@weir/testkit";
import { PATIENCE_MS, setUp, startTrial } from "./trial.ts";

const FOLDER = join(import.meta.dirname, "../../docs/images");
const BYTES_MAX = 600_000;
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const HOUR_MS = 3_600_000;
const EVERY_MS = 30_000;
const KITCHEN = `/devices/${encodeURIComponent("devices:devices/kitchen")}`;

/** What a home is like, `hours` before now. */
const HOME: Record<string, (hours: number) => Record<string, number>> = {
  freezer: (hours) => ({ temperature: -18.2 + wave(hours, 9), battery: 91 }),
  garden: (hours) => ({ temperature: 7.4 - 2 * hours + wave(hours, 2), humidity: 81 + 4 * hours }),
  bathroom: (hours) => ({
    humidity: 52 + 18 * Math.exp(-((hours - 0.5) ** 2) * 40),
    temperature: 22.1,
  }),
  kitchen: (hours) => ({
    "drive-space-used": 35.6 + (hours < 0.35 ? 1 : 0) + (hours > 0.7 ? 0.4 : 0),
    "cpu-percent": 14 + 9 * wave(hours, 11) + 5 * wave(hours, 31),
    "memory-percent": 41 + 3 * wave(hours, 5),
  }),
};

function wave(hours: number, turns: number): number {
  return Math.sin(hours * turns * 2 * Math.PI) / 2;
}

await using trial = await startTrial();
const page = await trial.open("/", { viewport: WIDE, reducedMotion: "reduce" });
await setUp(page, trial.code);
await publishHome(trial.brokerPort);
mkdirSync(FOLDER, { recursive: true });

const names: string[] = [];
for (const theme of ["light", "dark"] as const) {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize(WIDE);
  await page.goto(trial.url);
  await page.getByRole("main").getByText("garden").waitFor();
  await page
    .getByText(/readings, /)
    .nth(2)
    .waitFor();
  await take(`overview-${theme}`);
  await page.goto(trial.url + KITCHEN);
  await page.getByRole("button", { name: "Add 1 GB file" }).waitFor();
  await take(`device-${theme}`);
  await page.goto(`${trial.url}/system`);
  await page.getByRole("cell", { name: "stats-printer" }).waitFor();
  await take(`system-${theme}`);
}
await page.emulateMedia({ colorScheme: "light" });
await page.setViewportSize(PHONE);
await page.goto(trial.url);
await page.getByRole("main").getByText("garden").waitFor();
await take("phone-overview");
await page.goto(trial.url + KITCHEN);
await take("phone-device");

const bytes = names.reduce((sum, name) => sum + statSync(join(FOLDER, name)).size, 0);
print(`${names.length} pictures, ${Math.round(bytes / 1_000)} kB, in docs/images\n`);
if (bytes > BYTES_MAX) throw new Error(`they have more than ${BYTES_MAX / 1_000} kB together`);

/** Takes a picture once nothing is on its way. */
async function take(name: string): Promise<void> {
  await eventually(async () => (await page.locator("[aria-busy=true]").count()) === 0, PATIENCE_MS);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  names.push(`${name}.png`);
}

/** An hour of a home, with its times; its units are those that Home Assistant learns. */
async function publishHome(brokerPort: number): Promise<void> {
  await using client = await connectTestClient(brokerPort);
  const publish = (topic: string, payload: object): Promise<unknown> =>
    client.publish(topic, JSON.stringify(payload), { qos: 1 });
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
  for (let agoMs = HOUR_MS; agoMs >= 0; agoMs -= EVERY_MS) {
    for (const [name, at] of Object.entries(HOME)) {
      await publish(`devices/${name}/state`, { time: nowMs - agoMs, ...at(agoMs / HOUR_MS) });
    }
  }
}
