import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";

/** One process of the chain, which is killed and started again as often as the harness likes. */
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
  /** The process of this life, `null` between two of them. */
  pid(): number | null;
  /** How it ended when nobody had asked for it; it was started again. */
  ownEnds: string[];
  /** What it has logged in all its lives. */
  log(): string;
}

/** Like Compose's `restart: unless-stopped`, a part that ends by itself is started again. */
const RESTART_MS = 300;

export interface PartOptions {
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
    // A group of its own: Ctrl-C is for the harness, which ends its parts itself.
    const started = spawn(process.execPath, [main], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
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

  /** Ends this life, and starts no other one. */
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
    // A part that has just ended hears nothing, and starts with a clean memory.
    send: (message) => void child?.send(message, () => {}),
    pid: () => child?.pid ?? null,
    ownEnds,
    log: () => readFileSync(logFile, "utf8"),
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}
