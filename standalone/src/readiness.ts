import { isIPv6 } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

export interface ReadinessOptions {
  /** The address that the process listens on. */
  host: string;
  port: number;
  /** Ends the waiting, with a rejection. */
  signal: AbortSignal;
  /** Called once when it takes long, with what is missing. */
  onLate: (missing: string) => void;
}

const POLL_MS = 50;
const LATE_MS = 10_000;

/** Asks /readyz of a process until it passes. */
export async function untilReady({ host, port, signal, onLate }: ReadinessOptions): Promise<void> {
  const url = `http://${connectable(host)}:${port}/readyz`;
  const lateAtMs = performance.now() + LATE_MS;
  let isTold = false;
  for (;;) {
    const missing = await whatIsMissing(url, signal);
    if (missing === null) return;
    if (!isTold && performance.now() > lateAtMs) {
      isTold = true;
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
