import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "@weir/testkit";

const execute = promisify(execFile);

/** A broker as its own process, on one port in all its lives. */
export interface BrokerProcess extends AsyncDisposable {
  /** What it is, in words. */
  name: string;
  port: number;
  start(): Promise<void>;
  /** SIGKILL: no goodbye, nothing saved. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export type BrokerKind = "container" | "mosquitto" | "aedes";

export interface BrokerSetup {
  kind: BrokerKind;
  folder: string;
  /** Further lines of mosquitto.conf. Without any it keeps nothing on disk. */
  configuration?: readonly string[];
}

const IMAGE = "eclipse-mosquitto:2.1";
const AEDES_MAIN = fileURLToPath(new URL("../../standalone/src/broker-main.ts", import.meta.url));

/** Mosquitto where there is one: in a container, else on the path; else aedes. */
export function findBroker(): BrokerKind {
  if (spawnSync("docker", ["image", "inspect", IMAGE], { stdio: "ignore" }).status === 0) {
    return "container";
  }
  // It prints its help, and ends with 3 in some versions.
  return spawnSync("mosquitto", ["-h"], { stdio: "ignore" }).error === undefined
    ? "mosquitto"
    : "aedes";
}

export async function createBrokerProcess(setup: BrokerSetup): Promise<BrokerProcess> {
  const port = await freePort();
  switch (setup.kind) {
    case "container":
      return await createContainer(setup, port);
    case "mosquitto":
      return createProcess("mosquitto", port, () =>
        spawn("mosquitto", ["-c", writeConfiguration(setup, port)], quiet(setup)),
      );
    case "aedes":
      return createProcess("aedes", port, () =>
        spawn(process.execPath, [AEDES_MAIN], {
          ...quiet(setup),
          env: { PATH: process.env.PATH, BROKER_PORT: String(port) },
        }),
      );
  }
}

async function createContainer(setup: BrokerSetup, port: number): Promise<BrokerProcess> {
  const name = `weir-faults-${process.pid}-${port}`;
  const docker = async (...args: string[]): Promise<void> => void (await execute("docker", args));
  const inside = 1883;
  await docker("create", "--name", name, "-p", `127.0.0.1:${port}:${inside}`, IMAGE);
  await docker("cp", writeConfiguration(setup, inside), `${name}:/mosquitto/config/mosquitto.conf`);
  return {
    name: "Mosquitto in a container",
    port,
    start: () => docker("start", name),
    kill: () => docker("kill", "--signal", "KILL", name),
    freeze: () => docker("pause", name),
    thaw: () => docker("unpause", name),
    [Symbol.asyncDispose]: () => docker("rm", "--force", "--volumes", name),
  };
}

function createProcess(name: string, port: number, begin: () => ChildProcess): BrokerProcess {
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGKILL");
    await ended;
  };
  return {
    name,
    port,
    start: async () => {
      child ??= begin();
    },
    kill,
    freeze: async () => void child?.kill("SIGSTOP"),
    thaw: async () => void child?.kill("SIGCONT"),
    [Symbol.asyncDispose]: kill,
  };
}

function writeConfiguration({ folder, configuration = [] }: BrokerSetup, port: number): string {
  const file = `${folder}/mosquitto.conf`;
  const lines = [`listener ${port} 0.0.0.0`, "allow_anonymous true", ...configuration];
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o644 });
  return file;
}

function quiet({ folder }: BrokerSetup) {
  return { cwd: folder, detached: true, stdio: "ignore" } as const;
}
