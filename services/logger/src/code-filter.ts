import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect, types } from "node:util";
import type { ReceivedMessage } from "@weir/mqtt";
import { PAYLOAD_BYTES_MAX } from "@weir/protocol";
import { type Clock, EXIT_CODES, errorMessage, Fault } from "@weir/runtime";

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
 * same memory may be used for the next result.
 */
export type FilterResult = "keep" | "drop" | Uint8Array;

/**
 * What a stream's filter file exports as its default. It is called for each message on the way to the
 * store, so it returns at once: no promise, no input or output. When it throws, the error is logged and
 * the message is stored.
 */
export type MessageFilter = (message: FilterMessage) => FilterResult;

/**
 * What a code filter decides about a message: a Buffer is the payload to store instead. After `failed`, it
 * threw or returned something else, the message is stored.
 */
type Verdict = "keep" | "drop" | "failed" | Buffer;

export type CodeFilter = (
  message: Pick<ReceivedMessage, "topic" | "payload" | "retained">,
  receivedUs: number,
) => Verdict;

interface CodeFilterOptions {
  stream: string;
  /** An absolute path. */
  file: string;
  clock: Pick<Clock, "monotonic">;
  warn: (details: object, message: string) => void;
}

/**
 * Loads a stream's filter file, as it is now. The filter that is returned never throws.
 *
 * @throws Fault when the file cannot be loaded or exports no function.
 */
export async function openCodeFilter(options: CodeFilterOptions): Promise<CodeFilter> {
  const filter = await loadFilter(options);
  const reportFailure = createFailureReport(options);

  return ({ topic, payload, retained }, receivedUs) => {
    try {
      const result: unknown = filter({ topic, payload, retained, receivedUs });
      if (result === "keep" || result === "drop") return result;
      if (types.isUint8Array(result) && result.length <= PAYLOAD_BYTES_MAX) {
        // A copy: a filter may write its next result into the same bytes before this one is stored.
        return Buffer.from(result);
      }
      // The promise is not awaited; when it rejects, that must not end the process.
      if (types.isPromise(result)) result.catch(() => {});
      reportFailure(() => describeResult(result));
    } catch (error) {
      reportFailure(() => inspect(error, { customInspect: false }));
    }
    return "failed";
  };
}

function describeResult(result: unknown): string {
  if (types.isPromise(result)) return "it returned a promise; a filter returns its result at once";
  if (types.isUint8Array(result)) {
    return `it returned ${result.length} bytes; a payload has at most ${PAYLOAD_BYTES_MAX}`;
  }
  const shown = typeof result === "string" ? JSON.stringify(result) : typeof result;
  return `it returned ${shown}; a filter returns "keep", "drop" or the bytes to store`;
}

const INTERVAL_MS = 10_000;
const REASON_CHARACTERS_MAX = 2_000;

/**
 * Logs the first failure at once, and then how many there were, at most every ten seconds.
 *
 * @returns what to call with each failure. It asks for the reason only when it logs.
 */
function createFailureReport({
  stream,
  file,
  clock,
  warn,
}: CodeFilterOptions): (reason: () => string) => void {
  let failures = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    failures += 1;
    if (clock.monotonic() - loggedAtMs < INTERVAL_MS) return;
    loggedAtMs = clock.monotonic();
    warn(
      { stream, file, failures, reason: reason().slice(0, REASON_CHARACTERS_MAX) },
      "the code filter failed; its messages are stored and flagged",
    );
    failures = 0;
  };
}

/** @throws Fault when the file cannot be loaded, or exports no function that returns at once. */
export async function loadFilter(
  named: Pick<CodeFilterOptions, "stream" | "file">,
): Promise<MessageFilter> {
  const description = `the code filter ${named.file} of the stream ${named.stream}`;
  const exitCode = EXIT_CODES.configuration;
  const filter = await importCurrent(named.file).catch((cause: unknown) => {
    throw new Fault(`${description} cannot be loaded${lineOf(cause)}: ${errorMessage(cause)}`, {
      remedy: `Fix the file, or remove filter from the stream ${named.stream} in weir.yaml.`,
      exitCode,
      cause,
    });
  });
  if (typeof filter !== "function") {
    throw new Fault(`${description} exports no function`, {
      remedy: 'Export one as its default: export default (message) => "keep".',
      exitCode,
    });
  }
  if (types.isAsyncFunction(filter)) {
    throw new Fault(`${description} is an async function: it returns promises`, {
      remedy: "Remove the word async, and move what is asynchronous elsewhere.",
      exitCode,
    });
  }
  // Its parameters and result cannot be seen from outside; each result is checked.
  return filter as MessageFilter;
}

/** Node caches a module forever under its URL, so a file that has changed gets another URL. */
async function importCurrent(file: string): Promise<unknown> {
  const url = pathToFileURL(file);
  const digest = createHash("sha256").update(readFileSync(file)).digest("base64url");
  url.searchParams.set("content", digest);
  const module: { default?: unknown; filter?: unknown } = await import(url.href);
  return module.default ?? module.filter;
}

/** Node names the line of a syntax error only at the head of the stack. */
function lineOf(cause: unknown): string {
  if (!types.isNativeError(cause) || cause.name !== "SyntaxError") return "";
  const [, line] = /^.+:(\d+)\n/.exec(cause.stack ?? "") ?? [];
  return line === undefined ? "" : `, line ${line}`;
}
