/** How many ids the next transaction looks at. */
export interface Span {
  ids(): number;
  /** Learns from one transaction. */
  note(page: { elapsedMs: number; isCut: boolean }): void;
}

const FIRST_IDS = 4_096;
const IDS_MIN = 64;
const IDS_MAX = 2 ** 17;

/**
 * Adapts to the disk, to the rows and to the filters: nothing can be asked while SQLite looks for the
 * next row that matches, so what one statement may look at is bounded beforehand.
 */
export function createSpan(transactionMsMax: number): Span {
  let ids = FIRST_IDS;
  return {
    ids: () => ids,
    note: ({ elapsedMs, isCut }) => {
      if (elapsedMs > transactionMsMax / 4) ids = Math.max(IDS_MIN, Math.floor(ids / 4));
      else if (!isCut && elapsedMs < transactionMsMax / 10) ids = Math.min(IDS_MAX, ids * 2);
    },
  };
}
