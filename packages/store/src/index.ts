export { isArchived } from "./archive/archive-name.ts";
export { countRows, type RowCounts } from "./deletion/count-rows.ts";
export {
  DELETION_STATES,
  type DeletedRows,
  type Deletion,
  type DeletionState,
  deletionsFileOf,
  readDeletions,
  writeDeletions,
} from "./deletion/deletion-list.ts";
export { DeletionMasks } from "./deletion/deletion-masks.ts";
export { DeletionWatch } from "./deletion/deletion-watch.ts";
export type { RowsRequest, RowsTask } from "./deletion/rows-task.ts";
export { nextSegmentOf } from "./deletion/segments-of.ts";
export { type Account, EPOCH_IDLE_US, missingBelow, type SeqRange } from "./ledger/account.ts";
export type { Filed } from "./ledger/ledger.ts";
export { askSegments } from "./reading/ask-segments.ts";
export { followStream, type StreamFollower } from "./reading/follow-stream.ts";
export {
  type Cursor,
  positionOf,
  type RangeQuery,
  READ_TRANSACTION_MS_MAX,
  type RowPosition,
  rowIdOf,
  type StoredMessage,
  type StreamPlace,
} from "./reading/query.ts";
export { readNewest } from "./reading/read-newest.ts";
export { type NewestFlagged, readNewestFlagged } from "./reading/read-newest-flagged.ts";
export { type RangePage, readRange } from "./reading/read-range.ts";
export { type Segment, type Skipped, skippedBecause } from "./reading/segments.ts";
export {
  type ForgottenCounts,
  type LedgerLine,
  type LedgerReader,
  openReader,
  type SpanSummary,
  type StoreReader,
  type StoreState,
} from "./reading/store-reader.ts";
export { lastPosition, streamEnd } from "./reading/stream-end.ts";
export { pruneLimits } from "./retention/prune.ts";
export { type SegmentFinalizer, startSegmentFinalizer } from "./rotation/segment-finalizer.ts";
export { archivedRowsOf, hiddenArchiveOf } from "./rotation/settle-archive.ts";
export { type Exchanges, packetDigest } from "./segment/qos2-redelivery.ts";
export type { NewRow } from "./segment/rows-and-topics.ts";
export { SEGMENT_FORMAT } from "./segment/schema.ts";
export {
  openSegmentedStore,
  type Rotated,
  type SegmentedStore,
  type StreamStore,
} from "./segmented-store.ts";
export { type FileStore, newestFileOf, openStore, type Store } from "./store.ts";
