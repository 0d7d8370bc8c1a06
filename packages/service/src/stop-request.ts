/** Why a process is to stop. */
export interface StopRequest {
  reason: string;
}

// A terminal and a parent may both pass on the same Ctrl-C.
const SAME_SIGNAL_MS = 500;

/**
 * Listens for the request to stop: SIGINT, SIGTERM, SIGHUP (the terminal was closed), or the end of a
 * parent that holds an IPC channel to this process. A second signal ends the process at once, with
 * 128 + the signal's number.
 *
 * @param onHangup takes SIGHUP when it says true: then it is no request to stop.
 */
export function listenForStopRequest(onHangup: () => boolean = () => false): Promise<StopRequest> {
  const { promise, resolve } = Promise.withResolvers<StopRequest>();
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals, number: number): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      resolve({ reason: signal });
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

  const onDisconnect = (): void => resolve({ reason: "the parent process has ended" });
  process.on("disconnect", onDisconnect);
  // Who is done does not stay because somebody listens.
  process.channel?.unref();
  // It may have ended while the modules of this process were still loading.
  if (process.send !== undefined && !process.connected) onDisconnect();
  return promise;
}
