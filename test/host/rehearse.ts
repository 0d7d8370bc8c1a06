// npm run rehearse [-- trixie | noble] [--secured] [--keep]: what deploy/cloud-init.yaml makes of a new machine with 1 GB
// of memory, from its first boot to the boot after the next. It takes about ten minutes and needs Docker.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { print } from "@weir/runtime";
import { docker, Machine } from "./machine.ts";

const MEMORY = "1g";
const CLONE = "file:///srv/weir.git";
// There: COMPOSE_FILE in .env is relative to the folder that docker compose is called in.
const COMPOSE = "cd /opt/weir && docker compose";
const WEIR = `${COMPOSE} run --rm --no-TTY weir`;
const MEMORY_AND_DISK =
  "docker stats --no-stream --format 'table {{.Name}}\\t{{.MemUsage}}'; docker system df";
/** The first boot installs and builds; a later one only starts. */
const SETUP_TIMEOUT_MS = 25 * 60_000;
const READY_TIMEOUT_MS = 5 * 60_000;
const SERVICES = 8;
const LOG_LINES = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { secured: { type: "boolean" }, keep: { type: "boolean" } },
});
const suite = positionals[0] ?? "trixie";
const startedAtMs = Date.now();

/** A line of the transcript, with the minutes since the start. */
function say(text: string): void {
  const seconds = Math.round((Date.now() - startedAtMs) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  print(`[${clock.padStart(5)}] ${text}\n`);
}

/** The public images that the Dockerfile and the compose file name, as one archive. */
async function saveImages(file: string): Promise<void> {
  const texts = ["Dockerfile", "docker-compose.yml"].map((name) => readFileSync(name, "utf8"));
  const images = texts
    .flatMap((text) => [...text.matchAll(/(?:FROM|image:) ([\w-]+:[\w.-]+)/g)])
    .map((match) => match[1] ?? "");
  for (const image of new Set(images)) {
    await docker(["image", "inspect", image]).catch(() =>
      docker(["pull", image], READY_TIMEOUT_MS),
    );
  }
  await docker(["save", "--output", file, ...new Set(images)], READY_TIMEOUT_MS);
}

/** The user data as a reader of the docs pastes it. */
function userData(): string {
  const setup = "sh /opt/weir/deploy/setup.sh";
  return readFileSync("deploy/cloud-init.yaml", "utf8")
    .replaceAll("<this repository>", CLONE)
    .replace(setup, values.secured ? `${setup} --secured weir.example.org` : setup);
}

async function prepare(folder: string): Promise<Machine> {
  const image = `weir-rehearsal:${suite}`;
  const args = ["build", "--quiet", "--build-arg", `SUITE=${suite}`, "--tag", image, "test/host"];
  await docker(args, SETUP_TIMEOUT_MS);
  execFileSync("git", ["clone", "--quiet", "--bare", ".", join(folder, "weir.git")]);
  await saveImages(join(folder, "images.tar"));
  writeFileSync(join(folder, "user-data"), userData());
  writeFileSync(join(folder, "meta-data"), "instance-id: rehearsal\n");

  const machine = await Machine.create(`weir-rehearsal-${suite}`, image, MEMORY);
  for (const name of ["weir.git", "images.tar"])
    await machine.copy(join(folder, name), `/srv/${name}`);
  for (const name of ["user-data", "meta-data"]) {
    await machine.copy(join(folder, name), `/var/lib/cloud/seed/nocloud/${name}`);
  }
  return machine;
}

async function untilReady(machine: Machine): Promise<void> {
  const count = `${COMPOSE} ps --format '{{.Health}}' | grep -c '^healthy$'; :`;
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while ((await machine.run(count).catch(() => "")) !== String(SERVICES)) {
    if (Date.now() > deadlineMs) throw new Error(await machine.run(`${COMPOSE} ps --all`));
    await pause(1000);
  }
}

/** All rows of the stream data, oldest first. */
async function rows(machine: Machine): Promise<string[]> {
  const line = `${WEIR} export --stream data --format jsonl 2> /dev/null`;
  return (await machine.run(line)).split("\n").filter(Boolean);
}

/** How far user data got, with the times that the script says. @throws Error with the end of the log when it failed. */
async function setUp(machine: Machine): Promise<void> {
  await machine.run("cloud-init status --wait > /dev/null; :", SETUP_TIMEOUT_MS);
  const status = await machine.run("cloud-init status --long; cloud-init schema --system 2>&1; :");
  const log = await machine.run("cat /var/log/cloud-init-output.log");
  for (const line of log.match(/^\[setup .*$/gm) ?? []) say(line);
  const isDone = /^status: done$/m.test(status) && /^Valid schema/m.test(status);
  if (!isDone) throw new Error(`${status}\n${log.split("\n").slice(-LOG_LINES).join("\n")}`);
}

/** The open suite listens on 127.0.0.1 only, the secured one lets nobody in without a password. */
async function checkDoors(machine: Machine): Promise<void> {
  if (values.secured) {
    const client = "mosquitto_sub -p 8883 --cafile /run/secrets/ca --insecure -t '#' -W 5";
    const answer = await machine.run(`${COMPOSE} exec -T mosquitto ${client} 2>&1; :`);
    if (!/not authori[sz]ed/i.test(answer)) throw new Error(`8883 answered: ${answer}`);
  } else {
    const ports = await machine.run("docker ps --format '{{.Ports}}'");
    if (/(0\.0\.0\.0|\[?::\]?):\d+->/.test(ports)) throw new Error(`open to others: ${ports}`);
  }
}

async function main(folder: string): Promise<void> {
  const machine = await prepare(folder);
  await using _machine = values.keep ? null : machine;
  say(`${suite}: the machine is built; first boot, with ${MEMORY} of memory`);
  await machine.boot();
  await setUp(machine);
  await untilReady(machine);
  say(
    `${SERVICES} services are healthy; the most that all processes took: ${machine.peakMiB()} MiB`,
  );
  say(await machine.run(`docker --version; docker compose version; ${MEMORY_AND_DISK}`));
  await checkDoors(machine);

  const before = await rows(machine);
  if (before.length === 0) throw new Error("no row was stored before the reboot");
  await machine.reboot();
  say("rebooted");
  await untilReady(machine);
  const after = new Set(await rows(machine));
  const lost = before.filter((row) => !after.has(row));
  if (lost.length > 0) throw new Error(`the reboot lost ${lost.length} rows: ${lost.join("\n")}`);
  say(`${SERVICES} services are healthy; ${before.length} rows from before the reboot, all there`);
  say(await machine.run(`${WEIR} audit`));
  say(
    `the most that all processes took: ${machine.peakMiB()} MiB\n${await machine.run(MEMORY_AND_DISK)}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "weir-rehearsal-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
