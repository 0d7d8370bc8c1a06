import { isIPv6 } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "@weir/clock";

export interface ReadinessOptions {
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
