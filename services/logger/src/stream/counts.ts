import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { OUTCOMES, type Outcome, outcomeOf } from "@weir/protocol";
import type { Filed, NewRow } from "@weir/store";

/** What became of a stream's messages, since the start of the process. */
export interface StreamCounts {
  messages: number;
  bytes: number;
  /** Retained messages that the stream does not want. */
  skipped: number;
  prunedRows: number;
  prunedFiles: number;
  rotations: number;
  /** Segments that could not be begun; each is tried again. */
  failedRotations: number;
  /** By what the ledger says of them. */
  filed: Record<Filed, number>;
  /** Rows written, by the code of what became of their payload. */
  outcomes: Map<number, number>;
  /** Time that decoding and committing took, in milliseconds. */
  busyMs: number;
  /** How long the commits of the current interval took, in nanoseconds. */
  commitNs: RecordableHistogram;
  /** Age of the newest reading when it arrived, in microseconds; `null` before there is one. */
  lagUs: number | null;
}

export function createStreamCounts(): StreamCounts {
  return {
    messages: 0,
    bytes: 0,
    skipped: 0,
    prunedRows: 0,
    prunedFiles: 0,
    rotations: 0,
    failedRotations: 0,
    filed: { new: 0, duplicate: 0, "beyond limits": 0, foreign: 0, unsequenced: 0, filtered: 0 },
    outcomes: new Map(),
    busyMs: 0,
    commitNs: createHistogram(),
    lagUs: null,
  };
}

const SOUND = outcomeOf("").code;

/** Counts what a commit has made of its rows. It is on the way of every message, so it allocates nothing. */
export function countCommit(
  counts: StreamCounts,
  commit: { rows: readonly NewRow[]; filed: readonly Filed[]; receivedUs: number },
): void {
  const { rows, filed, receivedUs } = commit;
  // Most rows are like the one before: these are counted together.
  let code: number = SOUND;
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

/** The rows that were written. */
export function rowsOf({ outcomes }: StreamCounts): number {
  let rows = 0;
  for (const count of outcomes.values()) rows += count;
  return rows;
}

/** The rows of one kind that were written. */
export function rowsOfKind({ outcomes }: StreamCounts, kind: Outcome["kind"]): number {
  let rows = 0;
  for (const outcome of OUTCOMES) {
    if (outcome.kind === kind) rows += outcomes.get(outcome.code) ?? 0;
  }
  return rows;
}
