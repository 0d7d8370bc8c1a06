import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Clock,
  type Environment,
  EXIT_CODES,
  errorMessage,
  Fault,
  NODE_ARGUMENTS,
  NODE_ENVIRONMENT,
} from "@weir/runtime";
import type { StandaloneConfig } from "./config.ts";
import { createLogRelay, openLogFile, type Terminal } from "./log.ts";

/** One process of the suite. */
export interface Part {
  name: string;
  /** The file that Node runs. */
  main: string;
  /** Default none. */
  args?: readonly string[];
  /** Whether it writes to the terminal itself. */
  isOnTerminal: boolean;
}

export type Keeper = ReturnType<typeof keep>;

/** What a restart does not mend: something is missing, taken, or wrong. */
const LASTING_CODES: readonly (number | null)[] = [
  EXIT_CODES.unavailable,
  EXIT_CODES.cannotCreate,
  EXIT_CODES.tryLater,
  EXIT_CODES.configuration,
];

/** Why `npm start | head` stops. */
export const NO_READER = "the reader of the table has left";

/** Keeps one part alive: starts it, and again when it ends without being asked to. */
export function keep(
  part: Part,
  options: {
    config: StandaloneConfig;
    isVerbose: boolean;
    terminal: Terminal;
    clock: Clock;
    /** Called when the suite is to end: a part cannot start, and trying again is useless, or it is done. */
    onEnd: (end: string | Fault) => void;
  },
) {
  const { config, isVerbose, terminal, clock, onEnd } = options;
  const file = openLogFile({ folder: config.logFolder, name: part.name, onFault: terminal.say });
  const log = createLogRelay({ name: part.name, file, terminal, isVerbose });
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  let hasBeenReady = false;
  let current: PartProcess | null = null;
  let lastEnding: Ending | null = null;

  async function live(): Promise<void> {
    using _file = file;
    for (let failures = 0; !stopping.signal.aborted; ) {
      const startedAtMs = clock.monotonic();
      const { environment } = config;
      current = startPart(part, { environment, isVerbose }, log.relay);
      const ending = await watch(current);
      if (stopping.signal.aborted) return;
      if (!hasBeenReady && LASTING_CODES.includes(ending.code)) return onEnd(faultOf(ending));
      if (part.isOnTerminal && ending.code === EXIT_CODES.ok) return onEnd(NO_READER);
      const restart = restartDelayMs(failures, clock.monotonic() - startedAtMs);
      failures = restart.failures;
      terminal.say(
        `${part.name} ${ending.text}; starting it again in ${restart.delayMs / 1_000} s. Its log is ${file.path}.`,
      );
      // It is rejected when the suite stops; then the loop ends.
      await pause(restart.delayMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  /** Watches one run of the part: its readiness, and its end. */
  async function watch(life: PartProcess): Promise<Ending> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, stopping.signal]);
    awaitReadiness(life, signal).catch(() => {
      // It ended, or is to end, before it was ready; the loop above says so.
    });
    const ending = await life.ended;
    lastEnding = ending;
    over.abort();
    return ending;
  }

  async function awaitReadiness(life: PartProcess, signal: AbortSignal): Promise<void> {
    const port = await life.httpPort;
    const onLate = (missing: string): void =>
      terminal.say(`${part.name} is not ready yet (${missing}). Waiting. Its log is ${file.path}.`);
    await untilReady({ host: config.httpHost, port, signal, onLate, clock });
    hasBeenReady = true;
    ready.resolve();
  }

  function faultOf({ code }: Ending): Fault {
    const plainText = log.plainText();
    return new Fault(`${part.name} cannot start${plainText === "" ? "" : `:\n${plainText}`}`, {
      remedy: `Its log is ${file.path}.`,
      exitCode: code ?? EXIT_CODES.fault,
    });
  }

  const life = live();
  return {
    part,
    /** Resolves when it has been ready for the first time. */
    ready: ready.promise,
    /** Resolves when it has ended; false when it had to be killed or ended with a fault. */
    stop: async (timeoutMs: number): Promise<boolean> => {
      stopping.abort();
      current?.requestStop();
      let isKilled = false;
      using _timer = clock.schedule(timeoutMs, () => {
        isKilled = true;
        current?.kill();
      });
      await life;
      return !isKilled && (lastEnding?.code ?? 0) === 0;
    },
    /** Ends it at once. */
    kill: (): void => current?.kill(),
    redraw: (): void => current?.redraw(),
    /** Has it read its configuration again. */
    reload: (): void => current?.reload(),
  };
}

/** How a process ended. */
interface Ending {
  /** `null` when a signal ended it, or when it could not be started. */
  code: number | null;
  /** In words that follow its name. */
  text: string;
}

/** One run of a part. */
type PartProcess = ReturnType<typeof startPart>;

/**
 * Starts a part in a separate process group: a Ctrl-C goes to the whole group of the terminal, and
 * the supervisor decides when each part stops. The end of the IPC channel tells a part that the supervisor
 * has ended, however that happened.
 */
function startPart(
  part: Part,
  { environment, isVerbose }: { environment: Environment; isVerbose: boolean },
  relay: (log: Readable) => Promise<void>,
) {
  // In the verbose run not the terminal: lines, not a table that is redrawn between them.
  const table = isVerbose ? "pipe" : "inherit";
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, part.main, ...(part.args ?? [])], {
    env: { ...NODE_ENVIRONMENT, ...environment },
    detached: true,
    windowsHide: true,
    stdio: ["ignore", part.isOnTerminal ? table : "ignore", "pipe", "ipc"],
  });
  child.stdout?.pipe(process.stdout, { end: false });
  const httpPort = Promise.withResolvers<number>();
  child.on("message", (message) => {
    if (typeof message === "object" && message !== null && "httpPort" in message) {
      httpPort.resolve(Number(message.httpPort));
    }
  });

  return {
    /** Resolves with the port of its /readyz; never, if it ends before it listens. */
    httpPort: httpPort.promise,
    /** Resolves when it has ended and its log is read. */
    ended: untilEnded(child, relay),
    requestStop: (): void => {
      // Windows knows no SIGTERM; there the end of the channel is the request.
      if (process.platform !== "win32") child.kill("SIGTERM");
      else if (child.connected) child.disconnect();
    },
    kill: (): void => killGroup(child),
    /** Reports to it that something else was written to its terminal. */
    redraw: (): void => {
      if (process.platform !== "win32") child.kill("SIGCONT");
    },
    // Before it listens, SIGHUP would end it.
    reload: (): void => void httpPort.promise.then(() => child.kill("SIGHUP")),
  };
}

/** Kills a part with its own children: a Mosquitto would go on. */
function killGroup(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-Number(child.pid), "SIGKILL");
  } catch {
    // Windows knows no groups; or it has just ended.
    child.kill("SIGKILL");
  }
}

async function untilEnded(
  child: ChildProcess,
  relay: (log: Readable) => Promise<void>,
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

const DELAY_MIN_MS = 1_000;
const DELAY_MAX_MS = 30_000;
const STEADY_MS = 60_000;

/**
 * How long to wait before a part is started again: doubled with each failure in a row, up to 30 s.
 * After a run of a minute the count starts again.
 */
export function restartDelayMs(
  failures: number,
  livedMs: number,
): { delayMs: number; failures: number } {
  const before = livedMs >= STEADY_MS ? 0 : failures;
  return { delayMs: Math.min(DELAY_MIN_MS * 2 ** before, DELAY_MAX_MS), failures: before + 1 };
}

const POLL_MS = 50;
/** What is missing may change quickly, to and fro: it is said at most so often. */
const LATE_MS = 10_000;

/** Asks /readyz of a process until it passes. */
export async function untilReady(options: {
  /** The address that the process listens on. */
  host: string;
  port: number;
  /** Ends the waiting, with a rejection. */
  signal: AbortSignal;
  /** Called when it takes long, with what is missing, and again when that is something else. */
  onLate: (missing: string) => void;
  clock: Pick<Clock, "monotonic">;
}): Promise<void> {
  const { host, port, signal, onLate, clock } = options;
  const url = `http://${connectable(host)}:${port}/readyz`;
  let lateAtMs = clock.monotonic() + LATE_MS;
  let said: string | null = null;
  for (;;) {
    const missing = await unreadyReason(url, signal);
    if (missing === null) return;
    if (missing !== said && clock.monotonic() >= lateAtMs) {
      said = missing;
      lateAtMs = clock.monotonic() + LATE_MS;
      onLate(missing);
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

async function unreadyReason(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(url, { signal, headers: { connection: "close" } });
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    const failed = Object.entries(checks).filter(([, state]) => state !== "ok");
    return response.ok ? null : failed.map(([name, state]) => `${name}: ${state}`).join("; ");
  } catch {
    signal.throwIfAborted();
    return "it does not answer";
  }
}

/** An address to connect to, for one that is listened on. */
function connectable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIPv6(host) ? `[${host}]` : host;
}
