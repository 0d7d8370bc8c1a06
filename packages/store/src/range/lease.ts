/** Something that is opened when it is needed, and closed when it was not needed for a while. */
export interface Lease<T> extends Disposable {
  use<R>(task: (opened: T) => R): R;
}

/** @param idleMs for how long it stays open without being used, in milliseconds. */
export function createLease<T extends Disposable>(open: () => T, idleMs: number): Lease<T> {
  let opened: T | null = null;
  let timer: NodeJS.Timeout | null = null;

  function close(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const closing = opened;
    opened = null;
    closing?.[Symbol.dispose]();
  }

  return {
    use: (task) => {
      opened ??= open();
      // Refreshed rather than set anew: it is used thousands of times a second.
      if (timer === null) timer = setTimeout(close, idleMs).unref();
      else timer.refresh();
      return task(opened);
    },
    [Symbol.dispose]: close,
  };
}
