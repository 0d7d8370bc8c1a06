import { expect, jest, test } from "@jest/globals";
import { hasMachine, startMachine } from "./machine.ts";
import { FEW_PARTS, startSecuredBroker } from "./programs.ts";
import { Reader } from "./reader.ts";

jest.setTimeout(300_000);

const ADDRESS = "192.168.1.5";
const STATE = '{"data":{"temperature":21.5}}';
const followed = hasMachine(["mosquitto", "mosquitto_sub", "openssl", "curl"]) ? test : test.skip;

followed("a phone reaches Weir as docs/how-to/a-phone-in-the-lan.md says", async () => {
  await using machine = await startMachine({ addresses: [ADDRESS] });
  await machine.write(".env", FEW_PARTS);
  await using reader = new Reader("docs/how-to/a-phone-in-the-lan.md", machine);
  await reader.follow("1. Make a certificate for the address");
  expect(await machine.run("weir secure status")).toMatch(/server\.crt \(82[45] days\)/);
  // What is for Compose is there, too, and does not matter to npm start.
  await reader.follow("With Docker");
  await reader.follow("Without Docker");
  await reader.follow("From another computer");

  await machine.run("npx weir secure device garden");
  await reader.follow("4. Connect an MQTT app");
  await startSecuredBroker(machine, ADDRESS);
  const garden = `-u garden -P "$(cat secrets/devices/garden.password)" -t devices/garden/state`;
  await machine.run(
    `mosquitto_pub -h ${ADDRESS} -p 8883 --cafile secrets/ca.crt ${garden} -r -q 1 -m '${STATE}'`,
  );
  expect(await reader.follow("Try it from a computer")).toBe(`devices/garden/state ${STATE}\n`);
  reader.end();
});
