import { expect, jest, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { hasMachine, type Machine, startMachine } from "./machine.ts";
import { FEW_PARTS, startMailServer, TRUSTING } from "./programs.ts";
import { Reader } from "./reader.ts";

jest.setTimeout(300_000);

const MAIL = "smtp.example.org";
const STREAM = "streams: { home: { filters: [zigbee2mqtt/#], retention: { age: 90d } } }";
const followed = hasMachine(["mosquitto_pub"]) ? test : test.skip;

/** Publishes a temperature as Zigbee2MQTT does, observed so many minutes ago. */
async function report(machine: Machine, temperature: number, minutesAgo: number): Promise<void> {
  const last_seen = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  const payload = JSON.stringify({ battery: 81, linkquality: 96, temperature, last_seen });
  await machine.run(`mosquitto_pub -h localhost -q 1 -t zigbee2mqtt/freezer -m '${payload}'`);
}

/** Whether the workflow's schedule, 07:00 to 23:00 in Berlin, lets a mail pass now. */
function isDay(): boolean {
  const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", timeZone: "Europe/Berlin" });
  const hour = Number(format.format());
  return hour >= 7 && hour < 23;
}

followed(
  "a warm freezer is reported as docs/how-to/alert-when-the-freezer-is-warm.md says",
  async () => {
    await using machine = await startMachine({ names: [MAIL], environment: TRUSTING });
    const account = { name: "you@example.org", password: "the password" };
    const mail = await startMailServer(machine, MAIL, account);
    await machine.write(".env", FEW_PARTS);
    await machine.write("config/weir.yaml", STREAM);
    await using reader = new Reader("docs/how-to/alert-when-the-freezer-is-warm.md", machine, {
      seen: async (file) => {
        const [, name] = /workflows\/([a-z-]+)\.yaml$/.exec(file) ?? [];
        if (name === undefined) return;
        await eventually(async () => (await machine.run("weir workflows list")).includes(name));
      },
    });
    const tried = await reader.follow("1. Say how mail is sent");
    await eventually(() => mail.output().includes("Subject: Weir can send mail"));
    expect(tried).toContain("try-mail");

    await report(machine, -19.5, 30);
    await reader.follow("2. Write the workflow");
    await report(machine, -13.1, 11);
    await report(machine, -12.5, 0);
    await eventually(async () =>
      (await machine.run("weir workflows alerts")).includes("Freezer is"),
    );
    if (isDay()) await eventually(() => mail.output().includes("Warm since"));
    else expect(mail.output()).not.toContain("Warm since");
    await reader.follow("3. Try it on the past");
    await reader.follow("What happens then");
    reader.end();
  },
);
