/** What there was, is, and was taken back. */
export interface History<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
  /** Changes of the same key, one right after another, are taken back together; `null` for none. */
  readonly key: string | null;
}

const STEPS_MAX = 200;

export function begun<T>(now: T): History<T> {
  return { past: [], now, future: [], key: null };
}

/** Goes on. What was taken back is forgotten. */
export function gone<T>(history: History<T>, now: T, key: string | null = null): History<T> {
  const isSame = key !== null && key === history.key;
  const past = isSame ? history.past : [...history.past, history.now].slice(-STEPS_MAX);
  return { past, now, future: [], key };
}

/** One step back, where there is one. */
export function undone<T>(history: History<T>): History<T> {
  const now = history.past.at(-1);
  if (now === undefined) return history;
  const future = [history.now, ...history.future];
  return { past: history.past.slice(0, -1), now, future, key: null };
}

/** Takes the last step back again. */
export function redone<T>(history: History<T>): History<T> {
  const [now, ...future] = history.future;
  if (now === undefined) return history;
  return { past: [...history.past, history.now], now, future, key: null };
}

/** The same step, of which more is known. */
export function completed<T>(history: History<T>, now: T): History<T> {
  return { ...history, now };
}
