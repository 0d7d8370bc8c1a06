export type { DamagedStore } from "./damage.ts";
export type { DamagedLog } from "./damaged-log.ts";
export type { Filed } from "./file-rows.ts";
export { type Account, missingBelow, type SeqRange } from "./ledger/account.ts";
export type { IdleLimits } from "./ledger/forgetting.ts";
export { EPOCH_IDLE_US } from "./ledger/limits.ts";
export type { ForgottenCounts, LedgerLine, LedgerReader } from "./ledger/read.ts";
export type { LegacyImport } from "./legacy-import.ts";
export { newestFileOf } from "./newest-file.ts";
export { type Exchanges, packetDigest } from "./open-packets.ts";
export { type Pruned, type PruneLimits, pruneLimits } from "./prune-limits.ts";
export { askSegments } from "./range/ask-segments.ts";
export { type Cursor, rowIdOf } from "./range/cursor.ts";
export type { Skipped } from "./range/faults.ts";
export {
  type FollowedRows,
  type FollowOptions,
  type FollowStep,
  followStream,
  type StreamFollower,
} from "./range/follow-stream.ts";
export type { StoredMessage } from "./range/message.ts";
export type { RangeQuery, StreamPlace } from "./range/query.ts";
export { readRange } from "./range/read-range.ts";
export type { RangePage } from "./range/segment-pages.ts";
export { READ_TRANSACTION_MS_MAX } from "./range/segment-reader.ts";
export {
  openReader,
  type ReadRows,
  type SecondSummary,
  type SpanSummary,
  type StoreReader,
  type StoreState,
} from "./reader.ts";
export type { SegmentInfo } from "./rotation/catalogue.ts";
export {
  type Finisher,
  type FinisherOptions,
  startFinisher,
  type Unfinished,
} from "./rotation/finisher.ts";
export type { FolderLimits } from "./rotation/removal.ts";
export type { RemovedSegments } from "./rotation/remove-oldest.ts";
export {
  openSegmentedStore,
  type Rotated,
  type SegmentedStore,
  type SegmentedStoreOptions,
} from "./rotation/segmented-store.ts";
export type { NewRow, StoredReading } from "./row.ts";
export type { Appended } from "./segment-writer.ts";
export { type FileStore, openStore, type Store, type StoreOptions } from "./store.ts";
export type { StreamStore } from "./stream-store.ts";
