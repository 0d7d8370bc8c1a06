import type { Clock } from "@weir/clock";
import type { DeviceLog } from "../device/log.ts";
import { createLimitedLog, type LimitedLog } from "../life/limited-log.ts";

/** Tells people when a source begins to fail, and when it works again. Disposing of it tells what was left out. */
export interface SourceLog extends Disposable {
  failed(name: string, reason: string): void;
  worked(name: string): void;
}

/** Of each source: one with a loose contact would fill the log, and must not silence another one. */
const LINES_MAX = 6;
const WINDOW_MS = 3_600_000;

export function createSourceLog({ log, clock }: { log: DeviceLog; clock: Clock }): SourceLog {
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
