import { addAbortListener } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CommandOutcome } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { type DeviceCommand, Refusal } from "../commands/command.ts";
import type { DeviceControl } from "../device/control.ts";
import { thrownText } from "../plugins/load.ts";
import { boundedResult, expiry, isExpired, match } from "./admission.ts";
import type { CommandHandlerOptions } from "./handler.ts";
import type { JournalEntry } from "./journal.ts";

/** How a command has ended, as its ack tells it. */
export interface Told {
  status: CommandOutcome;
  result?: unknown;
  error?: string;
}

interface WorkerOptions
  extends Pick<CommandHandlerOptions, "commands" | "control" | "clock" | "onFault"> {
  /** Commits that a command begins. */
  begin: (entry: JournalEntry) => void;
  /** Commits how it has ended. */
  end: (entry: JournalEntry, told: Told) => void;
}

/** Obeys commands one after the other. Disposing of it ends the one that runs, within about a second. */
interface Worker extends AsyncDisposable {
  add(entry: JournalEntry): void;
  /** How many have not begun. */
  waiting(): number;
}

export function createWorker(options: WorkerOptions): Worker {
  const { commands, control, clock, begin, end } = options;
  const stopping = new AbortController();
  const waiting: JournalEntry[] = [];
  let isWorking = false;
  let worked = Promise.resolve();

  async function obeyAll(): Promise<void> {
    // The turn that took a command in ends with its PUBACK, whatever the command does to the process.
    await nextTurn();
    while (!stopping.signal.aborted) {
      const entry = waiting.shift();
      if (entry === undefined) break;
      await take(entry);
    }
    // Not after a fault: the journal promises nothing any more.
    isWorking = false;
  }

  /** Much may have changed since it came: the hour, and after a restart what is obeyed. */
  async function take(entry: JournalEntry): Promise<void> {
    const { command } = entry;
    const matched = match(command, commands);
    if (matched.kind === "unmatched") {
      end(entry, { status: "rejected", error: matched.reason });
    } else if (isExpired(command, clock.now())) end(entry, expiry());
    else {
      begin(entry);
      const { definition, payload } = matched;
      const { signal } = stopping;
      const ending = await obey({ definition, payload, control, clock, stopping: signal });
      if (ending !== null) end(entry, ending);
    }
  }

  return {
    add: (entry) => {
      waiting.push(entry);
      if (isWorking || stopping.signal.aborted) return;
      isWorking = true;
      worked = obeyAll().catch(options.onFault);
    },
    waiting: () => waiting.length,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await worked;
    },
  };
}

/** How a command has ended; `null` when it has not, and the process is to stop. */
type Ending =
  | { status: "done"; result?: unknown }
  | { status: "failed" | "rejected"; error: string }
  | null;

interface ObeyOptions {
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
async function obey(options: ObeyOptions): Promise<Ending> {
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
