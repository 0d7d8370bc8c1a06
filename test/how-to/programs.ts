import { join } from "node:path";
import { createTestCertificate, eventually } from "@weir/testkit";
import type { Machine, Running } from "./machine.ts";

/** Settings of a suite that starts without the simulated readings and device. */
export const FEW_PARTS = "DEMO_PUBLISHER=0\nDEMO_DEVICE=0";

const TRUSTED = "/etc/ssl/public-authority.pem";
/** For a machine that trusts an authority of the test, as that of a reader trusts public ones. */
export const TRUSTING = { NODE_EXTRA_CA_CERTS: TRUSTED, CURL_CA_BUNDLE: TRUSTED };

const AUTHORITY = {
  ...createTestCertificate({ name: "public authority" }),
  name: "public authority",
};

/** Writes the certificate of a server, and its key, signed by the authority that a machine with `TRUSTING` trusts. */
export async function writeCertificate(
  machine: Machine,
  host: string,
  files: { certificate: string; key: string },
): Promise<void> {
  const { certificate, key } = createTestCertificate({
    name: host,
    issuer: AUTHORITY,
    hosts: [host],
  });
  await machine.write(TRUSTED, AUTHORITY.certificate);
  await machine.write(files.certificate, certificate);
  await machine.write(files.key, key);
}

interface User {
  name: string;
  password: string;
}

/** A broker of the home, at an address of the machine, which asks for a user. */
export async function startHomeBroker(
  machine: Machine,
  address: string,
  user: User,
): Promise<void> {
  const passwords = "/etc/home-broker/passwords";
  await machine.run(
    `mkdir /etc/home-broker && mosquitto_passwd -b -c ${passwords} '${user.name}' '${user.password}'`,
  );
  await startBroker(machine, [`listener 1883 ${address}`, `password_file ${passwords}`]);
}

/** What Compose's secured broker is for devices and people, at an address of the machine. */
export async function startSecuredBroker(machine: Machine, address: string): Promise<void> {
  const secrets = join(machine.clone, "secrets/mosquitto");
  await startBroker(machine, [
    `listener 8883 ${address}`,
    `certfile ${secrets}/server.crt`,
    `keyfile ${secrets}/server.key`,
    "use_username_as_clientid true",
    `password_file ${secrets}/passwords`,
    `acl_file ${secrets}/rights`,
  ]);
}

async function startBroker(machine: Machine, lines: readonly string[]): Promise<void> {
  const file = "/etc/broker.conf";
  // Else it becomes a user that cannot read its files.
  await machine.write(file, ["user root", "allow_anonymous false", ...lines].join("\n"));
  const running = await machine.start(`exec mosquitto -c ${file}`);
  await eventually(() => / running$/m.test(running.output()));
}

/** Publishes what Zigbee2MQTT does, over and over. */
export async function startZigbee2mqtt(
  machine: Machine,
  address: string,
  user: User,
): Promise<Running> {
  return await startMain(machine, "zigbee2mqtt", [`mqtt://${address}`, user.name, user.password]);
}

/** A mail server of a host, on port 587; what it prints are the mails that it has taken. */
export async function startMailServer(
  machine: Machine,
  host: string,
  user: User,
): Promise<Running> {
  const files = { certificate: "/etc/mail-server/certificate", key: "/etc/mail-server/key" };
  await writeCertificate(machine, host, files);
  const { certificate, key } = files;
  const words = ["587", certificate, key, user.name, user.password];
  const running = await startMain(machine, "mail-server", words);
  await eventually(() => running.output().includes("it listens"));
  return running;
}

async function startMain(machine: Machine, name: string, words: string[]): Promise<Running> {
  const program = [process.execPath, join(import.meta.dirname, `${name}-main.ts`), ...words];
  return await machine.start(`exec ${program.map((word) => `'${word}'`).join(" ")}`);
}
