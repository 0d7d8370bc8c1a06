import { inspect, types } from "node:util";
import { PAYLOAD_BYTES_MAX } from "@weir/messages";
import type { ReceivedMessage } from "@weir/mqtt";
import { type FilterReport, reportFailures } from "./failures.ts";
import { loadFilter } from "./load.ts";

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
