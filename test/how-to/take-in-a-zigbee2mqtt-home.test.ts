import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { eventually } from "@weir/testkit";
import { hasMachine, startMachine } from "./machine.ts";
import { FEW_PARTS, startHomeBroker, startZigbee2mqtt } from "./programs.ts";
import { Reader } from "./reader.ts";

jest.setTimeout(300_000);

const BROKER = "192.168.1.10";
const followed = hasMachine(["mosquitto", "mosquitto_sub"]) ? test : test.skip;

followed(
  "a Zigbee2MQTT home is taken in as docs/how-to/take-in-a-zigbee2mqtt-home.md says",
  async () => {
    await using machine = await startMachine({ addresses: [BROKER] });
    const user = { name: "weir", password: "correct horse" };
    await startHomeBroker(machine, BROKER, user);
    await startZigbee2mqtt(machine, BROKER, user);
    await machine.write(".env", FEW_PARTS);
    await using reader = new Reader("docs/how-to/take-in-a-zigbee2mqtt-home.md", machine);
    await reader.startSuite();

    await reader.follow("1. Name the broker and the stream");
    await eventually(async () => (await machine.run("weir series dryer")).includes("#energy"));
    await reader.follow("2. See that it arrives");
    const printed = await reader.follow("3. Ask");
    expect(printed).toMatch(
      /Pantry#temperature, °C, gauge, .*Europe\/Berlin\n.*\n(.* - +-\n)*.* 14.7 /,
    );
    expect(printed).toMatch(/^begin .*increase/m);
    const [heading] = readFileSync(join(machine.clone, "pantry.csv"), "utf8").split("\n");
    expect(heading).toContain("time,topic,battery,humidity,linkquality,temperature,voltage");
    reader.end();
  },
);
