import { type AuditTask, audit } from "@weir/audit";
import { type Clock, errorMessage, Fault, type Logger } from "@weir/runtime";
import type { Audit } from "../contract/system.ts";
import { PublisherSums } from "./publisher-sums.ts";

export interface AuditRunnerOptions extends Pick<AuditTask, "streams" | "brokers"> {
  clock: Clock;
  logger: Logger;
}

/** How often the time for the next audit is looked at. */
const LOOK_MS = 5_000;
/** Between two audits while somebody asks for what they find, and otherwise. */
const ASKED_EVERY_MS = 60_000;
const UNASKED_EVERY_MS = 600_000;
/** Who asked so long ago does not look any more. */
const ASKED_FOR_MS = 180_000;

const NOTHING: Audit = {
  atMs: null,
  judged: 0,
  missing: 0,
  unsequenced: 0,
  publishers: [],
  hints: [],
  problem: null,
};

/** Audits again and again: more often while somebody looks at what it finds. */
export class AuditRunner implements AsyncDisposable {
  readonly #options: AuditRunnerOptions;
  readonly #ending = new AbortController();
  readonly #timer: Disposable;
  #latest = NOTHING;
  #askedMs = Number.NEGATIVE_INFINITY;
  #endedMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(options: AuditRunnerOptions) {
    this.#options = options;
    this.#timer = options.clock.repeat(LOOK_MS, () => this.#look());
  }

  /** What the newest audit has found. Where it could not be made, that is its problem, beside what was found before. */
  latest(): Audit {
    this.#askedMs = this.#options.clock.monotonic();
    return this.#latest;
  }

  /** Messages that are missing, and when that was found; `null` where nothing could be judged yet. */
  missing(): { count: number; atMs: number } | null {
    const { judged, missing, atMs } = this.latest();
    return judged === 0 || atMs === null ? null : { count: missing, atMs };
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonic();
    const isAsked = nowMs - this.#askedMs <= ASKED_FOR_MS;
    const everyMs = isAsked ? ASKED_EVERY_MS : UNASKED_EVERY_MS;
    if (this.#running !== null || nowMs - this.#endedMs < everyMs) return;
    this.#running = this.#audit().finally(() => {
      this.#endedMs = this.#options.clock.monotonic();
      this.#running = null;
    });
  }

  async #audit(): Promise<void> {
    const { streams, brokers, clock, logger } = this.#options;
    const sums = new PublisherSums();
    try {
      const { judged, missing, unsequenced, hints } = await audit({
        ...{ streams, brokers },
        only: null,
        clientIdPrefix: "weir-dashboard-audit",
        // That the broker is away is the problem of this audit, and the connection of the service says it, too.
        logger: logger.child({}, { level: "error" }),
        onLine: (line) => sums.add(line),
        signal: this.#ending.signal,
      });
      const found = { judged, missing, unsequenced, hints: [...hints] };
      this.#latest = { atMs: clock.now(), ...found, publishers: sums.worst(), problem: null };
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const words =
        error instanceof Fault ? `${error.message}. ${error.remedy}` : errorMessage(error);
      this.#latest = { ...this.#latest, problem: words };
      logger.debug({ err: error }, "an audit could not be made");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    this.#ending.abort(new Error("the dashboard ends"));
    await this.#running;
  }
}
