import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BARE_ENVIRONMENT, freePort } from "@weir/testkit";

/** One process of the chain, which the harness kills and starts again. */
export interface Part extends AsyncDisposable {
  name: string;
  start(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code, 0 also for one that was still starting. */
  stop(): Promise<number>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  send(message: string): void;
  /** The id of its process, `null` while there is none. */
  pid(): number | null;
  /** How it ended by itself; it was started again each time. */
  ownEnds: string[];
  /** Everything that it has logged, over all its starts. */
  log(): string;
}

/** Like Compose's `restart: unless-stopped`, a part that ends by itself is started again. */
const RESTART_MS = 300;

interface PartOptions {
  name: string;
  /** The TypeScript file that it runs. */
  main: string;
  environment: Readonly<Record<string, string>>;
  /** Where it works and logs. No `.env` of a developer is there. */
  folder: string;
}

export function createPart({ name, main, environment, folder }: PartOptions): Part {
  const logFile = `${folder}/${name}.log`;
  const ownEnds: string[] = [];
  let child: ChildProcess | null = null;
  let restart: NodeJS.Timeout | undefined;

  function start(): void {
    clearTimeout(restart);
    if (child !== null) return;
    const log = openSync(logFile, "a");
    // A separate process group: Ctrl-C reaches only the harness, which ends its parts.
    const started = spawn(process.execPath, [main], {
      cwd: folder,
      env: { ...BARE_ENVIRONMENT, ...environment },
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    child = started;
    started.on("error", () => {});
    started.once("exit", (code, signal) => {
      if (child !== started) return;
      child = null;
      ownEnds.push(`${name} ended with ${code ?? signal}`);
      restart = setTimeout(start, RESTART_MS);
    });
  }

  /** Ends the process, and does not start it again. */
  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    clearTimeout(restart);
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return 0;
    const ended = once(ending, "exit");
    ending.kill(signal);
    const [code] = await ended;
    return code ?? 0;
  }

  return {
    name,
    start,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    // A part that has just ended does not receive it.
    send: (message) => void child?.send(message, () => {}),
    pid: () => child?.pid ?? null,
    ownEnds,
    log: () => readFileSync(logFile, "utf8"),
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}

const execute = promisify(execFile);

/** A broker as its own process, on the same port after each start. */
export interface BrokerProcess extends AsyncDisposable {
  /** For messages. */
  name: string;
  port: number;
  start(): Promise<void>;
  /** SIGKILL: nothing is saved. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export type BrokerKind = "container" | "mosquitto" | "aedes";

interface BrokerSetup {
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
          env: { ...BARE_ENVIRONMENT, BROKER_PORT: String(port) },
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
