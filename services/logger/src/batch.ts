import type { Clock } from "@weir/clock";
import type { BatchConfig } from "./config.ts";

/** Something that is gathered and then written together. */
export interface Batch<T> {
  /** Adds an entry; a full batch is flushed before this returns. */
  add(entry: T, bytes: number): void;
  /** Flushes what there is, now. */
  flush(): void;
}

/**
 * Gathers entries until there are enough of them, or the first has waited long enough.
 *
 * @param write gets each batch. It must not throw: who writes owns the failure.
 * @param delayMs asked at each first entry: how long it may wait for company.
 */
export function createBatch<T>(options: {
  limits: Pick<BatchConfig, "rowsMax" | "bytesMax">;
  delayMs: () => number;
  clock: Clock;
  write: (entries: readonly T[]) => void;
}): Batch<T> {
  const { limits, delayMs, clock, write } = options;
  let entries: T[] = [];
  let bytes = 0;
  let timer: Disposable | null = null;

  function flush(): void {
    timer?.[Symbol.dispose]();
    timer = null;
    if (entries.length === 0) return;
    const full = entries;
    entries = [];
    bytes = 0;
    write(full);
  }

  return {
    add: (entry, entryBytes) => {
      entries.push(entry);
      bytes += entryBytes;
      if (entries.length >= limits.rowsMax || bytes >= limits.bytesMax) flush();
      else timer ??= clock.schedule(delayMs(), flush);
    },
    flush,
  };
}
