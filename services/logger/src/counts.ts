import { createHistogram } from "node:perf_hooks";
import { OUTCOMES, type Outcome, outcomeOf } from "@weir/protocol";
import { Histogram, type Registry } from "@weir/runtime";
import type { Filed, NewRow } from "@weir/store";

/** What the logger counts over all streams, since the start of the process. */
export type LoggerCounts = ReturnType<typeof createLoggerCounts>;

export function createLoggerCounts(registry: Registry) {
  return {
    /** Packets that were not taken: beyond the size limit, or unreadable. */
    dropped: 0,
    /** Messages on topics that no stream asks for. */
    unmatched: 0,
    /** Messages of subscriptions that this logger has not made. */
    strange: 0,
    /** Receipts that a broker has acknowledged. */
    receipts: 0,
    /** How many messages were committed together, in the current interval of the performance report. */
    batches: createHistogram(),
    commitSeconds: new Histogram({
      name: "weir_logger_commit_seconds",
      help: "Time from a batch's arrival to the end of its commits.",
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers: [registry],
    }),
  };
}

/** What became of a stream's messages, since the start of the process. */
export type StreamCounts = ReturnType<typeof createStreamCounts>;

export function createStreamCounts() {
  return {
    messages: 0,
    bytes: 0,
    /** Retained messages that the stream does not want. */
    skipped: 0,
    prunedRows: 0,
    prunedFiles: 0,
    rotations: 0,
    /** Segments that could not be begun; each is tried again. */
    failedRotations: 0,
    /** Messages by what the ledger says of them. */
    filed: { new: 0, duplicate: 0, "beyond limits": 0, foreign: 0, unsequenced: 0, filtered: 0 },
    /** Rows written, by the code of their outcome. */
    outcomes: new Map<number, number>(),
    /** Time that decoding and committing took, in milliseconds. */
    busyMs: 0,
    /** How long the commits of the current interval took, in nanoseconds. */
    commitNs: createHistogram(),
    /** Age of the newest reading when it arrived, in microseconds; `null` before there is one. */
    lagUs: null as number | null,
  };
}

const VALID = outcomeOf("").code;

/** Counts the rows of a commit. It runs for every message, so it allocates nothing. */
export function countCommit(
  counts: StreamCounts,
  {
    rows,
    filed,
    receivedUs,
  }: { rows: readonly NewRow[]; filed: readonly Filed[]; receivedUs: number },
): void {
  // Most rows have the outcome of the one before: these are added together.
  let code: number = VALID;
  let alike = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as NewRow;
    const became = filed[index] as Filed;
    counts.bytes += row.payload.length;
    counts.filed[became] += 1;
    if (became === "duplicate" || became === "filtered") continue;
    if (row.observedUs !== null) counts.lagUs = receivedUs - row.observedUs;
    if (row.outcome !== code) {
      addOutcome(counts, code, alike);
      code = row.outcome;
      alike = 0;
    }
    alike += 1;
  }
  addOutcome(counts, code, alike);
  counts.messages += rows.length;
}

function addOutcome({ outcomes }: StreamCounts, code: number, count: number): void {
  if (count > 0) outcomes.set(code, (outcomes.get(code) ?? 0) + count);
}

/** How many rows were written. */
export function rowsOf({ outcomes }: StreamCounts): number {
  return outcomes.values().reduce((rows, count) => rows + count, 0);
}

/** How many rows of one kind were written. */
export function rowsOfKind({ outcomes }: StreamCounts, kind: Outcome["kind"]): number {
  return OUTCOMES.filter((outcome) => outcome.kind === kind).reduce(
    (rows, { code }) => rows + (outcomes.get(code) ?? 0),
    0,
  );
}
