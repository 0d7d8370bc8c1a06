import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Environment } from "@weir/config";
import { errorMessage } from "@weir/fault";
import { NODE_ARGUMENTS, NODE_ENVIRONMENT } from "@weir/service";
import type { Part } from "./part.ts";

const COMPILE_CACHE = join(import.meta.dirname, "../../node_modules/.cache/weir");

/** How a process ended. */
export interface Ending {
  /** `null` when a signal ended it, or when it could not be started. */
  code: number | null;
  /** In words that follow its name. */
  text: string;
}

/** One life of a part. */
export interface PartProcess {
  /** Resolves with the port of its /readyz; never, if it ends before it listens. */
  httpPort: Promise<number>;
  /** Resolves when it has ended and its log is read. */
  ended: Promise<Ending>;
  requestStop(): void;
  kill(): void;
  /** Tells it that something else was written to its terminal. */
  redraw(): void;
}

export interface PartProcessOptions {
  environment: Environment;
  /** Whether it may draw on the terminal in place. */
  isVerbose: boolean;
  relay: (log: Readable) => Promise<void>;
}

/**
 * Starts a part in a process group of its own: a Ctrl-C goes to the whole group of the terminal, and
 * the supervisor decides who stops when. Through the IPC channel a part learns that the supervisor
 * has ended, however that happened.
 */
export function startPart(part: Part, options: PartProcessOptions): PartProcess {
  const { environment, isVerbose, relay } = options;
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, part.main], {
    // Without it each start strips and compiles every file anew, and keeps what does that in memory.
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...NODE_ENVIRONMENT, ...environment },
    detached: true,
    windowsHide: true,
    // Not a terminal of its own in the verbose run: lines, not a table that is redrawn between them.
    stdio: ["ignore", outputOf(part, isVerbose), "pipe", "ipc"],
  });
  child.stdout?.pipe(process.stdout, { end: false });

  return {
    httpPort: readHttpPort(child),
    ended: untilEnded(child, relay),
    requestStop: () => {
      // Windows knows no SIGTERM; there the end of the channel is the request.
      if (process.platform !== "win32") child.kill("SIGTERM");
      else if (child.connected) child.disconnect();
    },
    kill: () => void child.kill("SIGKILL"),
    redraw: () => {
      if (process.platform !== "win32") child.kill("SIGCONT");
    },
  };
}

function outputOf({ isOnTerminal }: Part, isVerbose: boolean): "ignore" | "pipe" | "inherit" {
  if (!isOnTerminal) return "ignore";
  return isVerbose ? "pipe" : "inherit";
}

async function readHttpPort(child: ChildProcess): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  child.on("message", (message) => {
    if (typeof message === "object" && message !== null && "httpPort" in message) {
      resolve(Number(message.httpPort));
    }
  });
  return await promise;
}

async function untilEnded(
  child: ChildProcess,
  relay: PartProcessOptions["relay"],
): Promise<Ending> {
  const logged = child.stderr === null ? Promise.resolve() : relay(child.stderr);
  try {
    const [code, signal] = await once(child, "exit");
    await logged;
    return { code, text: signal === null ? `ended with code ${code}` : `was ended by ${signal}` };
  } catch (error) {
    return { code: null, text: `could not be started (${errorMessage(error)})` };
  }
}
