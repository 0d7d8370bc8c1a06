import { addAbortListener } from "node:events";
import type { Clock } from "@weir/runtime";
import { createLimitedLog, type LimitedLog } from "../command-life/handler.ts";
import type { DeviceLog } from "../device/delivery.ts";
import { thrownText } from "../plugins/load.ts";
import type { Sample } from "../sources/source.ts";
import type { DeadbandRule } from "./deadband.ts";
import type { ReportedSource } from "./reporter.ts";

/** Asks sources, and bears with those that are slow or broken. Disposing of it closes them. */
interface Meter extends AsyncDisposable {
  /** Never rejects: `null` is a source that could not be measured. Who asks twice at a time gets one answer. */
  measure(source: ReportedSource, timeoutMs: number): Promise<Sample | null>;
}

interface MeterOptions {
  sources: readonly ReportedSource[];
  log: DeviceLog;
  clock: Clock;
}

/** How long a source that was told to end may take for that, before the others go on without it. */
const GRACE_MS = 500;

interface Measurement {
  stopping: AbortController;
  sample: Promise<Sample | null>;
}

export function createMeter({ sources, log, clock }: MeterOptions): Meter {
  const underWay = new Map<string, Measurement>();
  /** Those that did not even end when they were told to. */
  const stuck = new Set<string>();
  const told = createSourceLog({ log, clock });
  let isStopped = false;

  async function read({ name, source }: ReportedSource, signal: AbortSignal): Promise<Sample> {
    if (stuck.has(name)) throw new Error("it is still busy with an earlier measurement");
    const reading = source.read(signal);
    const givenUp = Promise.withResolvers<never>();
    using timers = new DisposableStack();
    using _aborting = addAbortListener(signal, () => {
      timers.use(
        clock.schedule(GRACE_MS, () => {
          stuck.add(name);
          const free = () => stuck.delete(name);
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

  async function attempt(
    source: ReportedSource,
    { stopping, timeoutMs }: { stopping: AbortController; timeoutMs: number },
  ): Promise<Sample | null> {
    const { signal } = stopping;
    using _timer = clock.schedule(timeoutMs, () =>
      stopping.abort(new Error(`it took longer than ${timeoutMs} ms`)),
    );
    try {
      const sample = await read(source, signal);
      if (!isStopped) told.worked(source.name);
      return sample;
    } catch (error) {
      // Of what is told to end because the device does, that is no failure.
      if (!isStopped) told.failed(source.name, thrownText(signal.aborted ? signal.reason : error));
      return null;
    } finally {
      underWay.delete(source.name);
    }
  }

  return {
    measure: async (source, timeoutMs) => {
      if (isStopped) return null;
      const known = underWay.get(source.name);
      if (known !== undefined) return await known.sample;
      const stopping = new AbortController();
      const sample = attempt(source, { stopping, timeoutMs });
      underWay.set(source.name, { stopping, sample });
      return await sample;
    },
    [Symbol.asyncDispose]: async () => {
      isStopped = true;
      const measurements = [...underWay.values()];
      for (const { stopping } of measurements) stopping.abort(new Error("the device stops"));
      await Promise.all(measurements.map(({ sample }) => sample));
      told[Symbol.dispose]();
      using closing = new DisposableStack();
      for (const { source } of sources) closing.use(source);
    },
  };
}

/** Tells people when a source begins to fail, and when it works again. Disposing of it tells what was left out. */
interface SourceLog extends Disposable {
  failed(name: string, reason: string): void;
  worked(name: string): void;
}

/** Of each source: one with a loose contact would fill the log, and must not silence another one. */
const LINES_MAX = 6;
const WINDOW_MS = 3_600_000;

function createSourceLog({ log, clock }: { log: DeviceLog; clock: Clock }): SourceLog {
  /** Why, by source. */
  const failing = new Map<string, string>();
  const limited = new Map<string, LimitedLog>();

  function logOf(name: string): LimitedLog {
    const known = limited.get(name);
    if (known !== undefined) return known;
    const made = createLimitedLog({
      log,
      clock,
      linesMax: LINES_MAX,
      windowMs: WINDOW_MS,
      restOf: (count) => {
        const reason = failing.get(name);
        const now = reason === undefined ? "it works now" : `it cannot be measured: ${reason}`;
        return `the source ${name} has failed or worked again ${count} times more; ${now}`;
      },
    });
    limited.set(name, made);
    return made;
  }

  return {
    failed: (name, reason) => {
      // Once, until it works again: it is asked again and again.
      if (failing.has(name)) return;
      failing.set(name, reason);
      logOf(name).warn(`the source ${name} cannot be measured: ${reason}`);
    },
    worked: (name) => {
      if (failing.delete(name)) logOf(name).info(`the source ${name} works again`);
    },
    [Symbol.dispose]: () => {
      for (const one of limited.values()) one[Symbol.dispose]();
    },
  };
}

/** So many reports in a row have to be missing before a value counts as gone. */
const MISSING_REPORTS = 3;

/** After how long without a report a value says nothing about now. One that a deadband keeps back is silent for longer than its interval. */
export function staleAfterMs({ deadband, maxSilenceMs }: DeadbandRule, intervalMs: number): number {
  return MISSING_REPORTS * ((deadband === null ? 0 : maxSilenceMs) + intervalMs);
}

/** Knows since when attributes are not measured any more. All times are of the monotonic clock. */
interface Freshness {
  measured(sample: Sample, nowMs: number): void;
  /** These are to be measured from now on. */
  begin(sources: readonly ReportedSource[], nowMs: number): void;
  /** What is expected of attributes has changed: they are given their time anew. */
  renew(nowMs: number): void;
  /** Attributes that were to be measured, and have not been for too long. */
  stale(intervalMs: number, nowMs: number): readonly string[];
}

export function createFreshness(
  sources: readonly ReportedSource[],
  ruleOf: (attribute: string) => DeadbandRule,
): Freshness {
  const sinceMs = new Map<string, number>();
  const everyMsOf = new Map(
    sources.flatMap(({ source, everyMs }) => source.attributes.map(({ name }) => [name, everyMs])),
  );
  return {
    measured: (sample, nowMs) => {
      for (const attribute of Object.keys(sample)) sinceMs.set(attribute, nowMs);
    },
    begin: (begun, nowMs) => {
      for (const { name } of begun.flatMap(({ source }) => source.attributes)) {
        sinceMs.set(name, nowMs);
      }
    },
    renew: (nowMs) => {
      for (const attribute of sinceMs.keys()) sinceMs.set(attribute, nowMs);
    },
    stale: (intervalMs, nowMs) =>
      [...sinceMs]
        .filter(([attribute, since]) => {
          const everyMs = everyMsOf.get(attribute) ?? intervalMs;
          return nowMs - since >= staleAfterMs(ruleOf(attribute), everyMs);
        })
        .map(([attribute]) => attribute),
  };
}
