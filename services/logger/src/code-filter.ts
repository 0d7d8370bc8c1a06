import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect, types } from "node:util";
import type { ReceivedMessage } from "@weir/mqtt";
import { PAYLOAD_BYTES_MAX } from "@weir/protocol";
import { type Clock, EXIT_CODES, errorMessage, Fault } from "@weir/runtime";

/** What a code filter makes of a message. */
type Verdict =
  | { kind: "keep" }
  | { kind: "drop" }
  | { kind: "changed"; payload: Buffer }
  /** It threw, or answered nothing that is understood: the message is stored. */
  | { kind: "failed" };

export type CodeFilter = (
  message: Pick<ReceivedMessage, "topic" | "payload" | "retained">,
  receivedUs: number,
) => Verdict;

export interface CodeFilterOptions extends FilterReport {
  /** An absolute path. */
  file: string;
}

const KEEP: Verdict = { kind: "keep" };
const DROP: Verdict = { kind: "drop" };
const FAILED: Verdict = { kind: "failed" };

/**
 * Loads a stream's filter file, as it is now. What is opened never throws.
 *
 * @throws Fault when the file cannot be loaded or exports no function.
 */
export async function openCodeFilter(options: CodeFilterOptions): Promise<CodeFilter> {
  const filter = await loadFilter(options);
  const failed = reportFailures(options);

  return ({ topic, payload, retained }, receivedUs) => {
    try {
      const answer: unknown = filter({ topic, payload, retained, receivedUs });
      if (answer === "keep") return KEEP;
      if (answer === "drop") return DROP;
      if (isPayload(answer)) {
        // A copy: a filter may write its next answer into the same bytes before this one is stored.
        return { kind: "changed", payload: Buffer.from(answer) };
      }
      // Nobody waits for a promise; when it fails, that must not end the process.
      if (types.isPromise(answer)) answer.catch(() => {});
      failed(() => describeAnswer(answer));
    } catch (error) {
      failed(() => inspect(error, { customInspect: false }));
    }
    return FAILED;
  };
}

function isPayload(answer: unknown): answer is Uint8Array {
  return types.isUint8Array(answer) && answer.length <= PAYLOAD_BYTES_MAX;
}

function describeAnswer(answer: unknown): string {
  if (types.isPromise(answer)) return "it answered with a promise; a filter answers at once";
  if (types.isUint8Array(answer)) {
    return `it answered with ${answer.length} bytes; a payload has at most ${PAYLOAD_BYTES_MAX}`;
  }
  const shown = typeof answer === "string" ? JSON.stringify(answer) : typeof answer;
  return `it answered with ${shown}; a filter answers "keep", "drop" or the bytes to store`;
}

/** @throws Fault when the file cannot be loaded, or exports no function that answers at once. */
export async function loadFilter(named: { stream: string; file: string }): Promise<MessageFilter> {
  const { filter } = await importAnew(named);
  if (typeof filter !== "function") {
    throw new Fault(`${describe(named)} exports no function`, {
      remedy: 'Export one as its default: export default (message) => "keep".',
      exitCode: EXIT_CODES.configuration,
    });
  }
  if (types.isAsyncFunction(filter)) {
    throw new Fault(`${describe(named)} is an async function: it answers with promises`, {
      remedy: "Take the word async away, and do what has to be waited for elsewhere.",
      exitCode: EXIT_CODES.configuration,
    });
  }
  // What it takes and answers cannot be seen from outside; each answer is looked at.
  return filter as MessageFilter;
}

/** Node keeps a module for ever under its URL; a file that has changed gets another one. */
async function importAnew(named: { stream: string; file: string }): Promise<{ filter: unknown }> {
  try {
    const url = pathToFileURL(named.file);
    const digest = createHash("sha256").update(readFileSync(named.file)).digest("base64url");
    url.searchParams.set("content", digest);
    const module: { default?: unknown; filter?: unknown } = await import(url.href);
    return { filter: module.default ?? module.filter };
  } catch (cause) {
    throw new Fault(`${describe(named)} cannot be loaded${lineOf(cause)}: ${errorMessage(cause)}`, {
      remedy: `Mend the file, or take filter out of the stream ${named.stream} in weir.yaml.`,
      exitCode: EXIT_CODES.configuration,
      cause,
    });
  }
}

function describe({ stream, file }: { stream: string; file: string }): string {
  return `the code filter ${file} of the stream ${stream}`;
}

/** Node tells the line of what is no TypeScript at the head of the stack, and nowhere else. */
function lineOf(cause: unknown): string {
  if (!types.isNativeError(cause) || cause.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(cause.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}

/** Where the failures of a filter are told. */
export interface FilterReport {
  stream: string;
  file: string;
  clock: Pick<Clock, "monotonic">;
  warn: (details: object, message: string) => void;
}

const INTERVAL_MS = 10_000;
const REASON_CHARACTERS_MAX = 2_000;

/**
 * Tells the first failure at once, and then how many there were, at most every ten seconds.
 *
 * @returns what to call with each failure; its reason is put into words only where it is told.
 */
export function reportFailures(report: FilterReport): (reason: () => string) => void {
  const { stream, file, clock, warn } = report;
  let failures = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    failures += 1;
    if (clock.monotonic() - toldAtMs < INTERVAL_MS) return;
    toldAtMs = clock.monotonic();
    warn(
      { stream, file, failures, reason: reason().slice(0, REASON_CHARACTERS_MAX) },
      "the code filter failed; its messages are stored, marked as such",
    );
    failures = 0;
  };
}

/** A message as a code filter sees it. */
export interface FilterMessage {
  topic: string;
  /**
   * A view that is valid during the call only: copy what you keep. Do not write into it: other streams
   * store the same bytes.
   */
  payload: Buffer;
  retained: boolean;
  /** Microseconds since the epoch. */
  receivedUs: number;
}

/**
 * Store it, do not store it, or store these bytes instead, at most 262,144 of them. They are copied: the
 * same memory may be used for the next answer.
 */
export type FilterResult = "keep" | "drop" | Uint8Array;

/**
 * What a stream's filter file exports as its default. It is called for each message on the way to the
 * store, so it answers at once: no promise, no input or output. When it throws, that is reported, and
 * the message is stored.
 */
export type MessageFilter = (message: FilterMessage) => FilterResult;
