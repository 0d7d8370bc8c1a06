import { addAbortListener, once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CommandOutcome } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { type DeviceCommand, RESULT_BYTES_MAX } from "../commands/command.ts";
import type { DeviceControl } from "../control/control.ts";
import { Refusal } from "../control/sandbox.ts";
import { thrownText } from "../plugins/load.ts";
import { EXPIRED, isExpired, match } from "./admission.ts";
import type { JournalEntry } from "./journal.ts";

/** How a command has ended, as its ack reports it. */
export interface Result {
  status: CommandOutcome;
  result?: unknown;
  error?: string;
}

interface WorkerOptions {
  commands: ReadonlyMap<string, DeviceCommand>;
  control: DeviceControl;
  clock: Clock;
  /** Commits that a command begins. */
  begin: (entry: JournalEntry) => void;
  /** Commits how it has ended. */
  end: (entry: JournalEntry, result: Result) => void;
  onFault: (fault: unknown) => void;
}

/** Executes commands one after the other. Disposing of it ends the running one, within about a second. */
export class Worker implements AsyncDisposable {
  #options: WorkerOptions;
  #stopping = new AbortController();
  #waiting: JournalEntry[] = [];
  #isWorking = false;
  #worked = Promise.resolve();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  add(entry: JournalEntry): void {
    this.#waiting.push(entry);
    if (this.#isWorking || this.#stopping.signal.aborted) return;
    this.#isWorking = true;
    this.#worked = this.#work().catch(this.#options.onFault);
  }

  /** How many commands have not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#worked;
  }

  async #work(): Promise<void> {
    // First the PUBACK of the command is sent, whatever the command does to the process.
    await nextTurn();
    while (!this.#stopping.signal.aborted) {
      const entry = this.#waiting.shift();
      if (entry === undefined) break;
      await this.#take(entry);
    }
    // Not in a `finally`: after a fault of the journal nothing more is executed.
    this.#isWorking = false;
  }

  /** Checks a command again: it may have expired, and a restart may have changed the allowed commands. */
  async #take(entry: JournalEntry): Promise<void> {
    const { commands, control, clock, begin, end } = this.#options;
    const matched = match(entry.command, commands);
    if (matched.kind === "unmatched") end(entry, { status: "rejected", error: matched.reason });
    else if (isExpired(entry.command, clock.now())) end(entry, EXPIRED);
    else {
      begin(entry);
      const run = (signal: AbortSignal) =>
        matched.definition.run(matched.payload, { device: control, signal });
      const result = await execute(matched.definition, run, this.#stopping.signal, clock);
      if (result !== null) end(entry, result);
    }
  }
}

const TIMEOUT_MS = 60_000;
/** For a command to end after its signal. */
const GRACE_MS = 1_000;

/**
 * Runs a command up to its timeout. Never rejects.
 *
 * @param stopping aborted when the device stops.
 * @returns `null` when the command has not ended, and the process is to stop.
 */
async function execute(
  { timeoutMs = TIMEOUT_MS, endsProcess = false }: DeviceCommand,
  run: (signal: AbortSignal) => Promise<unknown>,
  stopping: AbortSignal,
  clock: Clock,
): Promise<Result | null> {
  const aborting = new AbortController();
  const { signal } = aborting;
  const graceOver = Promise.withResolvers<Result | null>();
  using timers = new DisposableStack();

  const abort = (reason: string): void => {
    if (signal.aborted) return;
    const error = `${reason}, and did not end after its signal`;
    const leave = () => graceOver.resolve(stopping.aborted ? null : { status: "failed", error });
    timers.use(clock.schedule(GRACE_MS, leave));
    aborting.abort(new Error(reason));
  };
  timers.use(addAbortListener(stopping, () => abort("the device was stopped")));
  timers.use(clock.schedule(timeoutMs, () => abort(`it took longer than ${timeoutMs} ms`)));

  const result = await Promise.race([resultOf(run, signal), graceOver.promise]);
  if (!endsProcess || result?.status === "rejected") return result;
  // It is done when the next process starts, so this one waits for its end.
  if (result?.status === "done" && !signal.aborted) await once(signal, "abort");
  if (stopping.aborted) return null;
  return result?.status === "failed"
    ? result
    : { status: "failed", error: "the process did not end" };
}

async function resultOf(
  run: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Result> {
  try {
    return { status: "done", ...boundedResult(await run(signal)) };
  } catch (error) {
    if (error instanceof Refusal) return { status: "rejected", error: thrownText(error) };
    // Why it was aborted says more than the error of an aborted command.
    return { status: "failed", error: thrownText(signal.aborted ? signal.reason : error) };
  }
}

/** The result of a command as JSON. One that is too large, or not JSON, is omitted, and the command is done. */
function boundedResult(result: unknown): { result?: unknown } {
  try {
    const json = JSON.stringify(result);
    // `undefined` or a function.
    if (json === undefined) return {};
    const bytes = Buffer.byteLength(json);
    if (bytes <= RESULT_BYTES_MAX) return { result: JSON.parse(json) };
    return {
      result: { omitted: `the result has ${bytes} bytes, more than ${RESULT_BYTES_MAX}` },
    };
  } catch {
    // A cycle, a BigInt, or a `toJSON` that throws.
    return { result: { omitted: "the result cannot be written as JSON" } };
  }
}
