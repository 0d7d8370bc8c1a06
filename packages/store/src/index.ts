export { type Account, EPOCH_IDLE_US, missingBelow, type SeqRange } from "./ledger/account.ts";
export type { IdleLimits } from "./ledger/forgetting.ts";
export type { ForgottenCounts, LedgerLine, LedgerReader } from "./ledger/read.ts";
export type { LegacyImport } from "./legacy-import.ts";
export {
  type FollowedRows,
  type FollowOptions,
  type FollowStep,
  followStream,
  type StreamFollower,
} from "./reading/follow-stream.ts";
export {
  type Cursor,
  type RangeQuery,
  rowIdOf,
  type StoredMessage,
  type StreamPlace,
} from "./reading/query.ts";
export { type RangePage, readRange } from "./reading/read-range.ts";
export { READ_TRANSACTION_MS_MAX } from "./reading/segment-reader.ts";
export { askSegments, type Skipped } from "./reading/segments.ts";
export {
  openReader,
  type ReadRows,
  type SecondSummary,
  type SpanSummary,
  type StoreReader,
  type StoreState,
} from "./reading/store-reader.ts";
export { type Pruned, type PruneLimits, pruneLimits } from "./retention/prune.ts";
export type { FolderLimits, RemovedSegments, SegmentInfo } from "./rotation/removal.ts";
export {
  type SegmentFinalizer,
  type SegmentFinalizerOptions,
  startSegmentFinalizer,
  type Unfinished,
} from "./rotation/segment-finalizer.ts";
export type { DamagedStore } from "./segment/damage.ts";
export type { DamagedLog } from "./segment/damaged-log.ts";
export type { Filed } from "./segment/insert-rows.ts";
export { type Exchanges, packetDigest } from "./segment/open-packets.ts";
export type { Appended, NewRow, StoredReading } from "./segment/segment-writer.ts";
export {
  openSegmentedStore,
  type Rotated,
  type SegmentedStore,
  type SegmentedStoreOptions,
} from "./segmented-store.ts";
export {
  type FileStore,
  newestFileOf,
  openStore,
  type Store,
  type StoreOptions,
  type StreamStore,
} from "./store.ts";
