import { addAbortListener } from "node:events";
import type { Clock } from "@weir/clock";
import { type DeviceCommand, Refusal } from "../commands/command.ts";
import type { DeviceControl } from "../device/control.ts";
import { thrownText } from "../own-modules/thrown.ts";
import { boundedResult } from "./told.ts";

/** How a command has ended; `null` when it has not, and the process is to stop. */
export type Ending =
  | { status: "done"; result?: unknown }
  | { status: "failed" | "rejected"; error: string }
  | null;

export interface ObeyOptions {
  definition: DeviceCommand;
  payload: unknown;
  control: DeviceControl;
  clock: Clock;
  /** The device is to stop. */
  stopping: AbortSignal;
}

const TIMEOUT_MS = 60_000;
/** For what is told to end, to end. */
const GRACE_MS = 1_000;

/** Runs a command for as long as it may take. Never rejects. */
export async function obey(options: ObeyOptions): Promise<Ending> {
  const { definition, clock, stopping } = options;
  const { timeoutMs = TIMEOUT_MS, endsProcess = false } = definition;
  const aborting = new AbortController();
  const { signal } = aborting;
  const graceOver = Promise.withResolvers<Ending>();
  using timers = new DisposableStack();

  const abort = (reason: string): void => {
    if (signal.aborted) return;
    timers.use(clock.schedule(GRACE_MS, () => graceOver.resolve(unheeded(stopping, reason))));
    aborting.abort(new Error(reason));
  };
  timers.use(addAbortListener(stopping, () => abort("the device was stopped")));
  timers.use(clock.schedule(timeoutMs, () => abort(`it took longer than ${timeoutMs} ms`)));

  const ending = await Promise.race([run(options, signal), graceOver.promise]);
  if (!endsProcess || ending?.status === "rejected") return ending;
  // It is done when the next process starts, so this one waits for its end.
  if (ending?.status === "done") await aborted(signal);
  if (stopping.aborted) return null;
  return ending?.status === "failed"
    ? ending
    : { status: "failed", error: "the process did not end" };
}

async function run(
  { definition, payload, control }: ObeyOptions,
  signal: AbortSignal,
): Promise<Ending> {
  try {
    const result = await definition.run(payload, { device: control, signal });
    return { status: "done", ...boundedResult(result) };
  } catch (error) {
    if (error instanceof Refusal) return { status: "rejected", error: thrownText(error) };
    // Of what was told to end, its own message says less than why it was told.
    const cause = signal.aborted ? signal.reason : error;
    return { status: "failed", error: thrownText(cause) };
  }
}

/** What is said of a command that goes on although it was told to end. */
function unheeded(stopping: AbortSignal, reason: string): Ending {
  if (stopping.aborted) return null;
  return { status: "failed", error: `${reason}, and did not end when it was told to` };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _aborting = addAbortListener(signal, () => resolve());
  await promise;
}
