import { accessSync, constants } from "node:fs";
import { connect, isIPv6 } from "node:net";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Clock,
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  makeFolderAt,
  makePlaceOf,
} from "@weir/runtime";
import type { StandaloneConfig } from "./config.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_PORTS: Record<string, number> = {
  "mqtt:": 1_883,
  "mqtts:": 8_883,
  "ws:": 80,
  "wss:": 443,
};

/**
 * What can be known before anything is started.
 *
 * @throws Fault for a folder that cannot be written, and for a broker of the user's own that does not
 * answer: whoever starts the suite by hand wants to know at once. Later outages are waited out.
 */
export async function preflight(config: StandaloneConfig): Promise<void> {
  makePlaceOf(config.storeFile, "DB_FILE");
  checkFolder(dirname(config.storeFile), "DB_FILE");
  makeFolderAt(config.logFolder, "LOG_FOLDER");
  checkFolder(config.logFolder, "LOG_FOLDER");
  if (config.broker.kind === "foreign") await checkBroker(config.broker.url);
}

function checkFolder(folder: string, setting: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new Fault(`the folder ${folder} cannot be written (${errorCode(cause)})`, {
      remedy: `Make it writable for this user, or name another place in ${setting}.`,
      exitCode: EXIT_CODES.cannotCreate,
      cause,
    });
  }
}

async function checkBroker(url: string): Promise<void> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0) };
  const socket = connect(address);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve).once("error", reject);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    reject(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1_000} s`)),
  );
  try {
    await promise;
  } catch (cause) {
    const reason = errorCode(cause) ?? errorMessage(cause);
    throw new Fault(`there is no broker at ${host}:${address.port} (${reason})`, {
      remedy:
        "Start it, or correct BROKER or BROKER_URL in the environment or in .env; without both the suite brings its own broker.",
      exitCode: EXIT_CODES.unavailable,
      cause,
    });
  } finally {
    socket.destroy();
  }
}

interface ReadinessOptions {
  /** The address that the process listens on. */
  host: string;
  port: number;
  /** Ends the waiting, with a rejection. */
  signal: AbortSignal;
  /** Called when it takes long, with what is missing, and again when that is something else. */
  onLate: (missing: string) => void;
  clock: Pick<Clock, "monotonic">;
}

const POLL_MS = 50;
/** What is missing may change quickly, to and fro: it is said at most so often. */
const LATE_MS = 10_000;

/** Asks /readyz of a process until it passes. */
export async function untilReady(options: ReadinessOptions): Promise<void> {
  const { host, port, signal, onLate, clock } = options;
  const url = `http://${connectable(host)}:${port}/readyz`;
  let lateAtMs = clock.monotonic() + LATE_MS;
  let said: string | null = null;
  for (;;) {
    const missing = await whatIsMissing(url, signal);
    if (missing === null) return;
    if (missing !== said && clock.monotonic() >= lateAtMs) {
      said = missing;
      lateAtMs = clock.monotonic() + LATE_MS;
      onLate(missing);
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

async function whatIsMissing(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(url, { signal, headers: { connection: "close" } });
    const body = await response.text();
    return response.ok ? null : failedChecks(body);
  } catch {
    signal.throwIfAborted();
    return "it does not answer";
  }
}

/** The checks of a /readyz body that do not pass, in words. */
function failedChecks(body: string): string {
  const { checks } = JSON.parse(body) as { checks: Record<string, string> };
  return Object.entries(checks)
    .filter(([, state]) => state !== "ok")
    .map(([name, state]) => `${name}: ${state}`)
    .join("; ");
}

/** An address to connect to, for one that is listened on. */
function connectable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIPv6(host) ? `[${host}]` : host;
}
