import { addAbortListener } from "node:events";
import type { Clock } from "@weir/clock";
import type { DeviceLog } from "../device/log.ts";
import { thrownText } from "../own-modules/thrown.ts";
import type { Sample } from "../sources/source.ts";
import type { ReportedSource } from "./reporter.ts";
import { createSourceLog } from "./source-log.ts";

/** Asks sources, and bears with those that are slow or broken. Disposing of it closes them. */
export interface Meter extends AsyncDisposable {
  /** Never rejects: `null` is a source that could not be measured. Who asks twice at a time gets one answer. */
  measure(source: ReportedSource, timeoutMs: number): Promise<Sample | null>;
}

export interface MeterOptions {
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
