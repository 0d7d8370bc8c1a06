export type { DamagedStore } from "./damage.ts";
export type { DamagedLog } from "./damaged-log.ts";
export { type Account, EPOCH_IDLE_US, missingBelow, type SeqRange } from "./ledger/account.ts";
export type { ForgottenCounts, LedgerLine, LedgerReader } from "./ledger/read.ts";
export type { IdleLimits } from "./ledger/table.ts";
export type { LegacyImport } from "./legacy-import.ts";
export { type Exchanges, packetDigest } from "./open-packets.ts";
export {
  type FollowedRows,
  type FollowOptions,
  type FollowStep,
  followStream,
  type StreamFollower,
} from "./range/follow-stream.ts";
export {
  type Cursor,
  type RangeQuery,
  rowIdOf,
  type StoredMessage,
  type StreamPlace,
} from "./range/query.ts";
export { type RangePage, readRange } from "./range/read-range.ts";
export { READ_TRANSACTION_MS_MAX } from "./range/segment-reader.ts";
export { askSegments, type Skipped } from "./range/segments.ts";
export {
  openReader,
  type ReadRows,
  type SecondSummary,
  type SpanSummary,
  type StoreReader,
  type StoreState,
} from "./reader.ts";
export { type Pruned, type PruneLimits, pruneLimits } from "./retention.ts";
export type { FolderLimits, RemovedSegments, SegmentInfo } from "./rotation/removal.ts";
export {
  type SegmentFinalizer,
  type SegmentFinalizerOptions,
  startSegmentFinalizer,
  type Unfinished,
} from "./rotation/segment-finalizer.ts";
export {
  openSegmentedStore,
  type Rotated,
  type SegmentedStore,
  type SegmentedStoreOptions,
} from "./rotation/segmented-store.ts";
export type { Filed } from "./row-statements.ts";
export type { Appended, NewRow, StoredReading } from "./segment-writer.ts";
export {
  type FileStore,
  newestFileOf,
  openStore,
  type Store,
  type StoreOptions,
  type StreamStore,
} from "./store.ts";
