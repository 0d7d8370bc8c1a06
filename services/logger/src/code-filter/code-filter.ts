import { errorMessage } from "@weir/fault";
import type { ReceivedMessage } from "@weir/mqtt";
import { type FilterReport, reportFailures } from "./failures.ts";
import { loadFilter } from "./load.ts";
import type { FilterMessage } from "./types.ts";

/** What a code filter makes of a message. */
export type Verdict =
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
 * Loads a stream's filter file, as it is now.
 *
 * @throws Fault when the file cannot be loaded or exports no function.
 */
export async function openCodeFilter(options: CodeFilterOptions): Promise<CodeFilter> {
  const filter = await loadFilter(options);
  const failed = reportFailures(options);

  function ask(message: FilterMessage): unknown {
    try {
      return filter(message);
    } catch (error) {
      failed(error instanceof Error ? (error.stack ?? error.message) : errorMessage(error));
      return FAILED;
    }
  }

  return ({ topic, payload, retained }, receivedUs) => {
    const result = ask({ topic, payload, retained, receivedUs });
    if (result === "keep") return KEEP;
    if (result === "drop") return DROP;
    if (result === FAILED) return FAILED;
    if (result instanceof Uint8Array) {
      const { buffer, byteOffset, byteLength } = result;
      return { kind: "changed", payload: Buffer.from(buffer, byteOffset, byteLength) };
    }
    failed(describeAnswer(result));
    return FAILED;
  };
}

function describeAnswer(result: unknown): string {
  if (result instanceof Promise) {
    // Nobody waits for it; if it fails, that must not end the process.
    result.catch(() => {});
    return "it answered with a promise; a filter answers at once";
  }
  return `it answered with ${typeof result}; a filter answers "keep", "drop" or the bytes to store`;
}
