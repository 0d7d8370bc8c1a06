import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";
import { thrownText } from "../plugins/load.ts";
import type { Sample } from "../sources/source.ts";
import { type DeviceLog, LimitedLog } from "./log.ts";
import type { ReportedSource } from "./schedule.ts";

/** How long a source may take to end after its signal. Then the others go on without it. */
const GRACE_MS = 500;

/** Log lines of each source: one with a loose contact must neither fill the log nor silence another source. */
const LINES_MAX = 6;
const WINDOW_MS = 3_600_000;

/** Reads sources, and copes with those that are slow or fail. Disposing of it closes them. */
export class Meter implements AsyncDisposable {
  #sources: readonly ReportedSource[];
  #log: DeviceLog;
  #clock: Clock;
  #reading = new Map<string, { stopping: AbortController; sample: Promise<Sample | null> }>();
  /** Sources that did not end after their signal. */
  #stuck = new Set<string>();
  /** Why a source fails, by name. */
  #failing = new Map<string, string>();
  #logs = new Map<string, LimitedLog>();
  #isStopped = false;

  constructor(sources: readonly ReportedSource[], log: DeviceLog, clock: Clock) {
    this.#sources = sources;
    this.#log = log;
    this.#clock = clock;
  }

  /** Never rejects: `null` stands for a source that failed. Two calls at one time share one measurement. */
  async measure(source: ReportedSource, timeoutMs: number): Promise<Sample | null> {
    if (this.#isStopped) return null;
    const known = this.#reading.get(source.name);
    if (known !== undefined) return await known.sample;
    const stopping = new AbortController();
    const sample = this.#attempt(source, stopping, timeoutMs);
    this.#reading.set(source.name, { stopping, sample });
    return await sample;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    const readings = [...this.#reading.values()];
    for (const { stopping } of readings) stopping.abort(new Error("the device stops"));
    await Promise.all(readings.map(({ sample }) => sample));
    for (const log of this.#logs.values()) log[Symbol.dispose]();
    using closing = new DisposableStack();
    for (const { source } of this.#sources) closing.use(source);
  }

  async #attempt(
    source: ReportedSource,
    stopping: AbortController,
    timeoutMs: number,
  ): Promise<Sample | null> {
    const { signal } = stopping;
    using _timer = this.#clock.schedule(timeoutMs, () =>
      stopping.abort(new Error(`it took longer than ${timeoutMs} ms`)),
    );
    try {
      const sample = await this.#read(source, signal);
      if (!this.#isStopped) this.#worked(source.name);
      return sample;
    } catch (error) {
      // A source that ends because the device stops has not failed.
      if (!this.#isStopped) {
        this.#failed(source.name, thrownText(signal.aborted ? signal.reason : error));
      }
      return null;
    } finally {
      this.#reading.delete(source.name);
    }
  }

  async #read({ name, source }: ReportedSource, signal: AbortSignal): Promise<Sample> {
    if (this.#stuck.has(name)) throw new Error("it is still busy with an earlier measurement");
    const reading = source.read(signal);
    const givenUp = Promise.withResolvers<never>();
    using timers = new DisposableStack();
    using _aborting = addAbortListener(signal, () => {
      timers.use(
        this.#clock.schedule(GRACE_MS, () => {
          this.#stuck.add(name);
          const free = () => this.#stuck.delete(name);
          reading.then(free, free);
          givenUp.reject(signal.reason);
        }),
      );
    });
    const sample = await Promise.race([reading, givenUp.promise]);
    return Object.fromEntries(
      source.attributes
        .map(({ name: attribute }) => [attribute, sample[attribute]] as const)
        .filter((entry): entry is readonly [string, number] => Number.isFinite(entry[1])),
    );
  }

  /** Logs a failure once, until the source works again. */
  #failed(name: string, reason: string): void {
    if (this.#failing.has(name)) return;
    this.#failing.set(name, reason);
    this.#logOf(name).warn(`the source ${name} cannot be measured: ${reason}`);
  }

  #worked(name: string): void {
    if (this.#failing.delete(name)) this.#logOf(name).info(`the source ${name} works again`);
  }

  #logOf(name: string): LimitedLog {
    const known = this.#logs.get(name);
    if (known !== undefined) return known;
    const log = new LimitedLog(this.#log, this.#clock, {
      linesMax: LINES_MAX,
      windowMs: WINDOW_MS,
      restOf: (count) => {
        const reason = this.#failing.get(name);
        const now = reason === undefined ? "it works now" : `it cannot be measured: ${reason}`;
        return `the source ${name} has failed or worked again ${count} times more; ${now}`;
      },
    });
    this.#logs.set(name, log);
    return log;
  }
}
