import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { audit } from "@weir/audit";
import type { HeardSystem } from "@weir/flows";
import { errorMessage, Fault, type ServiceContext } from "@weir/runtime";
import type { StreamsConfig } from "@weir/streams";

const DISK_EVERY_MS = 30_000;
const AUDIT_EVERY_MS = 300_000;

/** Whether the broker is there. */
export interface LinkState {
  isConnected: boolean;
  /** `null` before the first attempt has ended: then nothing is known. */
  sinceMs: number | null;
  /** Why it is away. */
  reason: string | null;
}

export interface SystemWatchOptions extends Pick<StreamsConfig, "streams" | "brokers"> {
  /** DB_FILE: its disk is looked at. */
  storeFile: string;
  /** The connection to the broker, and whoever calls back when its state has changed. */
  link: { readonly state: LinkState; onChange(changed: () => void): void };
  /** Whether a node listens. What is not asked for is not looked at. */
  isAskedFor: (about: HeardSystem["about"]) => boolean;
  take: (heard: HeardSystem) => void;
  context: Pick<ServiceContext, "clock" | "logger">;
}

/** Looks at what Weir says of itself, and calls back with what it sees: again and again, also when nothing has changed. */
export class SystemWatch implements AsyncDisposable {
  readonly #options: SystemWatchOptions;
  readonly #ending = new AbortController();
  readonly #timers = new DisposableStack();
  #looking: Promise<void> = Promise.resolve();
  #auditing: Promise<void> | null = null;

  constructor(options: SystemWatchOptions) {
    this.#options = options;
    const { link, context } = options;
    link.onChange(() => this.#lookAtBroker());
    this.#timers.use(context.clock.repeat(DISK_EVERY_MS, () => this.#look()));
    this.#timers.use(context.clock.repeat(AUDIT_EVERY_MS, () => this.#audit()));
  }

  /** Looks at once: when it starts, and when workflows have changed. */
  look(): void {
    this.#look();
    this.#audit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timers[Symbol.dispose]();
    this.#ending.abort(new Error("the service ends"));
    await Promise.all([this.#looking, this.#auditing]);
  }

  #look(): void {
    this.#lookAtBroker();
    this.#looking = this.#looking.then(() => this.#lookAtDisk());
  }

  #lookAtBroker(): void {
    const { link, isAskedFor } = this.#options;
    const { isConnected, sinceMs, reason } = link.state;
    if (sinceMs === null || !isAskedFor("broker")) return;
    this.#take({ kind: "system", about: "broker", isAway: !isConnected, reason });
  }

  async #lookAtDisk(): Promise<void> {
    const { storeFile, isAskedFor, context } = this.#options;
    if (!isAskedFor("disk")) return;
    try {
      const { blocks, bfree, bavail, bsize } = await statfs(dirname(storeFile));
      const used = blocks - bfree;
      // As df counts: what is reserved for root is neither.
      const usedPercent = (100 * used) / Math.max(1, used + bavail);
      this.#take({ kind: "system", about: "disk", usedPercent, freeBytes: bavail * bsize });
    } catch (error) {
      context.logger.warn({ err: error }, "the disk of the store cannot be looked at");
    }
  }

  #audit(): void {
    if (this.#auditing !== null || !this.#options.isAskedFor("audit")) return;
    this.#auditing = this.#auditNow().finally(() => {
      this.#auditing = null;
    });
  }

  async #auditNow(): Promise<void> {
    const { streams, brokers, context } = this.#options;
    try {
      const { judged, missing } = await audit({
        ...{ streams, brokers },
        only: null,
        clientIdPrefix: "weir-workflows-audit",
        // That the broker is away is said by the service's own connection.
        logger: context.logger.child({}, { level: "error" }),
        onLine: () => {},
        signal: this.#ending.signal,
      });
      if (judged > 0) this.#take({ kind: "system", about: "audit", missing });
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const words = error instanceof Fault ? error.message : errorMessage(error);
      context.logger.debug({ err: error }, `an audit could not be made: ${words}`);
    }
  }

  #take(heard: HeardSystem): void {
    if (!this.#ending.signal.aborted) this.#options.take(heard);
  }
}
