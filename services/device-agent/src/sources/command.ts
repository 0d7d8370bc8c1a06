import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { textOf } from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { z } from "zod";
import type { SourceKind } from "./source.ts";

/** The default pattern. */
const FIRST_NUMBER = String.raw`([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)`;

const options = z.strictObject({
  program: z
    .string("it must be the name or path of a program")
    .min(1, "a program has a name")
    .describe(
      "A program on the path, or ./one in the folder of agent.yaml. It is no shell command.",
    ),
  arguments: z
    .array(z.string('it must be text: "5"'), "it must be a list: [-n, kitchen]")
    .max(100, "there are at most 100")
    .default([])
    .describe("Its arguments, each as it stands here: no quotes, no wildcards, no variables."),
  pattern: z
    .string("it must be text")
    .refine((text) => groupsOf(text) === 1, "it must be a regular expression with one group")
    .default(FIRST_NUMBER)
    .describe(
      "A regular expression whose one group is the number: temp=([\\d.]+). The first number unless it is given.",
    ),
  timeoutSeconds: z
    .number("it must be a number of seconds")
    .positive("it must be larger than 0")
    .max(600, "it must be 600 at most")
    .default(5)
    .describe(
      "How long it may run. After that it is ended, with all processes that it has started.",
    ),
  unit: z
    .string("it must be text")
    .nullable()
    .default(null)
    .describe("The unit as Home Assistant and SI write it: °C, %, V. None unless it is given."),
  decimals: z
    .int("it must be a whole number")
    .min(0, "it must be from 0 to 9")
    .max(9, "it must be from 0 to 9")
    .default(3)
    .describe("Decimals that are reported."),
  label: z.string("it must be text").optional().describe("Its name for people."),
  deviceClass: z
    .string("it must be text")
    .nullable()
    .default(null)
    .describe("Home Assistant's device class where one fits: temperature, voltage."),
});

type Options = z.infer<typeof options>;

/** The output of a program: the way to any sensor that has a command-line tool. */
export const source: SourceKind<Options> = {
  name: "command",
  summary: "A number that a program writes. It is run without a shell.",
  options,

  open: (options, { name, base, clock }) => {
    const { unit, decimals, label = name, deviceClass } = options;
    const pattern = new RegExp(options.pattern);
    const closing = new AbortController();
    return {
      attributes: [{ name, label, unit, range: { min: null, max: null }, decimals, deviceClass }],
      read: async (signal) => {
        const ending = AbortSignal.any([signal, closing.signal]);
        const output = await runProgram(options, { folder: base, clock, signal: ending });
        const value = numberIn(output, pattern);
        if (value === null) throw new Error(`${options.program} wrote no number: ${shown(output)}`);
        return { [name]: Number(value.toFixed(decimals)) };
      },
      [Symbol.dispose]: () => closing.abort(new Error("the source was closed")),
    };
  },
};

function numberIn(output: string, pattern: RegExp): number | null {
  const text = pattern.exec(output)?.[1]?.trim() ?? "";
  const value = Number(text);
  return text !== "" && Number.isFinite(value) ? value : null;
}

/** How many groups a regular expression has; -1 for an invalid one. */
function groupsOf(text: string): number {
  try {
    // With an empty alternative it matches any text, and the match has an element for each group.
    return (new RegExp(`${text}|`).exec("")?.length ?? 0) - 1;
  } catch {
    return -1;
  }
}

function shown(output: string): string {
  return JSON.stringify(output.length > 80 ? `${output.slice(0, 80)}…` : output);
}

/** The most that a program may write, in bytes. */
const OUTPUT_BYTES_MAX = 4_096;

/**
 * Runs a program without a shell. Kills it, and every process of its group, when it takes too long, writes too much, or
 * `signal` is aborted.
 *
 * @returns its standard output.
 * @throws Error when it was killed or failed, with the first line of its standard error.
 */
function runProgram(
  { program, arguments: args, timeoutSeconds }: Options,
  { folder, clock, signal }: { folder: string; clock: Clock; signal: AbortSignal },
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: folder,
    // A fixed language, for decimal points. The rest of the environment may hold passwords.
    env: { PATH: process.env.PATH ?? "", LANG: "C.UTF-8" },
    shell: false,
    // Its own process group, so that its children can be killed with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.once("error", (cause) => {
    reject(new Error(`${program} cannot be started: ${cause.message}`, { cause }));
  });
  // It was not started, and may have no streams.
  if (child.pid === undefined) return promise;

  const end = (reason: unknown): void => {
    reject(reason);
    killGroup(child);
    // A process that has left the group may hold them open forever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const output = collect(child.stdout, () => {
    end(new Error(`${program} wrote more than ${OUTPUT_BYTES_MAX} bytes, and was ended`));
  });
  const errors = collect(child.stderr, () => {});
  const timer = clock.schedule(timeoutSeconds * 1_000, () => {
    end(new Error(`${program} took longer than ${timeoutSeconds} s, and was ended`));
  });
  const abort = (): void => end(signal.reason);
  signal.addEventListener("abort", abort, { once: true });

  // Children that are still running.
  child.once("exit", () => killGroupOf(child.pid));
  child.once("close", (code, killedBy) => {
    if (code === 0) resolve(output());
    else reject(new Error(`${program} ${howItEnded(code, killedBy)}${firstLine(errors())}`));
  });
  return promise.finally(() => {
    timer[Symbol.dispose]();
    signal.removeEventListener("abort", abort);
  });
}

/** Collects the output up to the limit, and calls `tooMuch` above it. */
function collect(stream: Readable, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    if (bytes < OUTPUT_BYTES_MAX) chunks.push(chunk.subarray(0, OUTPUT_BYTES_MAX - bytes));
    bytes += chunk.length;
    if (bytes > OUTPUT_BYTES_MAX) tooMuch();
  });
  return () => textOf(Buffer.concat(chunks));
}

/** Only while it runs: afterwards another process may have its id. */
function killGroup(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) killGroupOf(child.pid);
}

function killGroupOf(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has no processes left.
  }
}

function howItEnded(code: number | null, killedBy: string | null): string {
  return code === null ? `was killed by ${killedBy}` : `ended with code ${code}`;
}

function firstLine(text: string): string {
  const [line = ""] = text.trim().split(/\r?\n/, 1);
  return line === "" ? "" : `: ${line}`;
}
