import { type Clock, errorMessage } from "@weir/runtime";
import { z } from "zod";
import type { ServiceHealth } from "../contract/system.ts";

/** A service, and where it says how it is. */
export interface ServiceAddress {
  name: string;
  /** `http://127.0.0.1:9102`, without a path. */
  url: string;
}

/** Services are asked once in this time at most. */
const ASK_EVERY_MS = 5_000;
const ANSWER_MS_MAX = 2_000;
const ANSWER_LENGTH_MAX = 1024 * 1024;
const REASONS_MAX = 20;

const readyz = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.string()),
  warnings: z.record(z.string(), z.array(z.string())),
});

/** Asks services how they are, while somebody wants to know. */
export class ServicesHealth {
  readonly #services: readonly ServiceAddress[];
  readonly #clock: Clock;
  #asking: Promise<readonly ServiceHealth[]> | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(services: readonly ServiceAddress[], clock: Clock) {
    this.#services = services;
    this.#clock = clock;
  }

  /** How each of them is: a few seconds old at most. */
  async all(): Promise<readonly ServiceHealth[]> {
    const nowMs = this.#clock.monotonic();
    if (this.#asking === null || nowMs - this.#askedMs >= ASK_EVERY_MS) {
      this.#askedMs = nowMs;
      this.#asking = Promise.all(this.#services.map((one) => this.#ask(one)));
    }
    return await this.#asking;
  }

  async #ask({ name, url }: ServiceAddress): Promise<ServiceHealth> {
    const seen = { name, lookedMs: this.#clock.now() };
    try {
      const [health, metrics] = await Promise.all([get(url, "/readyz"), get(url, "/metrics")]);
      const { ready, checks, warnings } = readyz.parse(JSON.parse(health));
      const startedSeconds = metricIn(metrics, "process_start_time_seconds");
      return {
        ...seen,
        state: ready ? "ready" : "not ready",
        reasons: Object.entries(checks)
          .filter(([, state]) => state !== "ok")
          .map(([check, state]) => `${check}: ${state}`)
          .slice(0, REASONS_MAX),
        warnings: Object.values(warnings).flat().slice(0, REASONS_MAX),
        memoryBytes: metricIn(metrics, "process_resident_memory_bytes"),
        startedMs: startedSeconds === null ? null : startedSeconds * 1_000,
      };
    } catch (error) {
      const reasons = [`it does not answer at ${url}: ${reasonOf(error)}`];
      return { ...seen, state: "away", reasons, warnings: [], memoryBytes: null, startedMs: null };
    }
  }
}

/** @throws when there is no answer in time, or it is none of a service. */
async function get(url: string, path: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(new URL(path, url), { signal, redirect: "error" });
  // Who is not ready answers with 503.
  if (!response.ok && response.status !== 503) throw new Error(`status ${response.status}`);
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.length > ANSWER_LENGTH_MAX) throw new Error("it answers too much");
  }
  return text;
}

/** A metric without labels. */
function metricIn(metrics: string, name: string): number | null {
  const found = new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1];
  const value = Number(found);
  return found === undefined || !Number.isFinite(value) ? null : value;
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof z.ZodError)
    return "it is no service of Weir";
  // The reason of a connection that failed is the cause of what fetch throws.
  const hasCause = typeof error === "object" && error !== null && "cause" in error;
  return errorMessage(hasCause ? error.cause : error);
}
