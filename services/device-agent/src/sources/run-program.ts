import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { Clock } from "@weir/clock";
import { textOf } from "@weir/messages";

/** The most that a program may write, in bytes. */
const OUTPUT_BYTES_MAX = 4_096;

/** A program as it is run: without a shell, so nothing of its arguments is more than an argument. */
export interface ProgramRun {
  program: string;
  arguments: readonly string[];
  /** Where it runs. */
  folder: string;
  /** All of its environment. */
  environment: Readonly<Record<string, string>>;
  timeoutMs: number;
  clock: Clock;
}

/**
 * Runs a program to its end. It and all that it has started are killed when it takes too long, writes
 * too much, or `signal` says so.
 *
 * @returns what it wrote to its standard output.
 * @throws Error when it was killed or did not end well, with the first line that it wrote about it.
 */
export function runProgram(run: ProgramRun, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(run.program, run.arguments, {
    cwd: run.folder,
    env: run.environment,
    shell: false,
    // A process group of its own, so that its children can be killed with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.once("error", (cause) => {
    reject(new Error(`${run.program} cannot be started: ${cause.message}`, { cause }));
  });
  // Then it has not been started, and may have no streams either.
  if (child.pid === undefined) return promise;

  const end = (reason: unknown): void => {
    reject(reason);
    killGroup(child);
    // Somebody who has left the group may hold them open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const output = gather(child.stdout, () => {
    end(new Error(`${run.program} wrote more than ${OUTPUT_BYTES_MAX} bytes, and was ended`));
  });
  const complaint = gather(child.stderr, () => {});
  const timer = run.clock.schedule(run.timeoutMs, () => {
    end(new Error(`${run.program} took longer than ${run.timeoutMs / 1_000} s, and was ended`));
  });
  const abort = (): void => end(signal.reason);
  signal.addEventListener("abort", abort, { once: true });

  // What it has left running in its group goes with it.
  child.once("exit", () => killGroupOf(child.pid));
  child.once("close", (code, killedBy) => {
    if (code === 0) resolve(output());
    else reject(new Error(`${run.program} ${howItEnded(code, killedBy)}${firstLine(complaint())}`));
  });
  return promise.finally(() => {
    timer[Symbol.dispose]();
    signal.removeEventListener("abort", abort);
  });
}

/** Keeps the beginning of what is written, and says when there is more. */
function gather(stream: Readable, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk.subarray(0, OUTPUT_BYTES_MAX - bytes));
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) tooMuch();
  });
  return () => textOf(Buffer.concat(chunks));
}

/** Only while it runs: afterwards its number may be another's. */
function killGroup(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) killGroupOf(child.pid);
}

function killGroupOf(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in the group, which is what is wanted.
  }
}

function howItEnded(code: number | null, killedBy: string | null): string {
  return code === null ? `was killed by ${killedBy}` : `ended with code ${code}`;
}

function firstLine(text: string): string {
  const [line = ""] = text.trim().split(/\r?\n/, 1);
  return line === "" ? "" : `: ${line}`;
}
