import { join } from "node:path";
import { eventually } from "@weir/testkit";
import type { Machine, Running } from "./machine.ts";

/** Settings of a suite that starts without the simulated readings and device. */
export const FEW_PARTS = "DEMO_PUBLISHER=0\nDEMO_DEVICE=0";

interface User {
  name: string;
  password: string;
}

/** A broker of the home, at an address of the machine, which asks for a user. */
export async function startHomeBroker(
  machine: Machine,
  address: string,
  user: User,
): Promise<Running> {
  const conf = [
    `listener 1883 ${address}`,
    "allow_anonymous false",
    "password_file /etc/home-broker/passwords",
    // Else it leaves the user that could read these.
    "user root",
  ];
  await machine.write("/etc/home-broker/conf", conf.join("\n"));
  await machine.run(
    `mosquitto_passwd -b -c /etc/home-broker/passwords '${user.name}' '${user.password}'`,
  );
  const running = await machine.start("exec mosquitto -c /etc/home-broker/conf");
  await eventually(() => / running$/m.test(running.output()));
  return running;
}

/** Publishes what Zigbee2MQTT does, over and over. */
export async function startZigbee2mqtt(
  machine: Machine,
  address: string,
  user: User,
): Promise<Running> {
  const main = join(import.meta.dirname, "zigbee2mqtt-main.ts");
  const program = [process.execPath, main, `mqtt://${address}`, user.name, user.password];
  return await machine.start(`exec ${program.map((word) => `'${word}'`).join(" ")}`);
}
