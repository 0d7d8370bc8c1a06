// One Ctrl-C may arrive twice: from the terminal and from a parent.
const SAME_SIGNAL_MS = 500;

/**
 * Listens for the request to stop: SIGINT, SIGTERM, SIGHUP (the terminal was closed), or the end of a
 * parent that holds an IPC channel to this process. A second signal ends the process at once, with
 * 128 + the signal's number.
 *
 * @param onHangup returns true when it has handled SIGHUP; then that is no request to stop.
 * @returns why the process must stop.
 */
export function listenForStopRequest(onHangup: () => boolean = () => false): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      resolve(signal);
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      process.exit(128 + number);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const onHangupSignal = (signal: NodeJS.Signals, number: number): void => {
    if (!onHangup()) onSignal(signal, number);
  };
  process.on("SIGHUP", onHangupSignal);

  const onDisconnect = (): void => resolve("the parent process has ended");
  process.on("disconnect", onDisconnect);
  // Listening must not keep the process alive.
  process.channel?.unref();
  // It may have ended while the modules of this process were still loading.
  if (process.send !== undefined && !process.connected) onDisconnect();
  return promise;
}

/**
 * The arguments of Node for a service. V8 lets the space of new objects grow to 32 MB before it collects
 * it; an eighth of that takes 5 % more processor time at the highest rates, none at others, and 6 MB less than a
 * quarter. The other one is for `collectGarbage`.
 */
export const NODE_ARGUMENTS: readonly string[] = ["--max-semi-space-size=4", "--expose-gc"];

/**
 * Gives back what starting has left, a third of a service's memory: V8 itself does so only when as much again was
 * used. Takes about 80 ms. Does nothing in a process without `NODE_ARGUMENTS`.
 */
export function collectGarbage(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * The environment for the same. glibc gives threads up to eight heaps for each core; two for all threads are
 * as fast here and use some megabytes less. And once a large block was freed, it keeps blocks up to that size for
 * itself: the 19 MB that one password takes. Given limits do not grow.
 */
export const NODE_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "2",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "131072",
};
