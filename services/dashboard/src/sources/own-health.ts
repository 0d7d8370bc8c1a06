import type { Clock, Health } from "@weir/runtime";
import type { ServiceHealth } from "../contract/system.ts";

export interface OwnHealthOptions {
  health: Health;
  clock: Clock;
  /** The connection to the broker. */
  link: { state: { isConnected: boolean; sinceMs: number | null; reason: string | null } };
}

/** How the dashboard itself is, and the broker as it sees it. */
export class OwnHealth {
  readonly #options: OwnHealthOptions;
  readonly #startedMs: number;

  constructor(options: OwnHealthOptions) {
    this.#options = options;
    this.#startedMs = options.clock.now();
  }

  all(): ServiceHealth[] {
    const { health, clock, link } = this.#options;
    const { ready, checks, warnings } = health.report();
    const lookedMs = clock.now();
    const { isConnected, sinceMs, reason } = link.state;
    return [
      {
        name: "broker",
        state: isConnected ? "ready" : "away",
        reasons: isConnected ? [] : [reason ?? "no attempt to connect has ended yet"],
        warnings: [],
        memoryBytes: null,
        startedMs: isConnected ? sinceMs : null,
        lookedMs,
      },
      {
        name: "dashboard",
        state: ready ? "ready" : "not ready",
        reasons: Object.entries(checks)
          .filter(([, state]) => state !== "ok")
          .map(([check, state]) => `${check}: ${state}`),
        warnings: Object.values(warnings).flat(),
        memoryBytes: process.memoryUsage.rss(),
        startedMs: this.#startedMs,
        lookedMs,
      },
    ];
  }
}
