import { setTimeout as pause } from "node:timers/promises";

/** @throws when what is waited for takes longer than `limitMs`; `expected` says what it is. */
export async function withDeadline<T>(
  waited: Promise<T>,
  { limitMs, expected }: { limitMs: number; expected: string },
): Promise<T> {
  const done = new AbortController();
  const late = pause(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${expected}: not within ${limitMs / 1_000} s`);
  });
  // It is cut off below when it is not needed any more.
  late.catch(() => {});
  try {
    return await Promise.race([waited, late]);
  } finally {
    done.abort();
  }
}
