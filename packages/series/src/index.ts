export { type Bucket, Buckets } from "./buckets/bucket.ts";
export { edgesOf } from "./buckets/edges.ts";
export {
  foldPoints,
  increaseOf,
  merge,
  type PartialBucket,
  partialOf,
  type Sample,
} from "./buckets/partial.ts";
export type { PartialBuckets } from "./buckets/partial-buckets.ts";
export {
  Catalogue,
  type CataloguedSeries,
  readCatalogue,
  readMemory,
  readProgress,
  readSeriesOfTopic,
  SeriesLookup,
} from "./catalogue/catalogue.ts";
export { type Device, deviceOf } from "./catalogue/device-of.ts";
export { findSeries, type NamedSeries } from "./catalogue/find-series.ts";
export { type SeriesSearch, searchSeries } from "./catalogue/search-series.ts";
export {
  type Progress,
  STREAM_SERIES_MAX,
  type StreamCatalogue,
  TOPIC_SERIES_MAX,
} from "./catalogue/stream-catalogue.ts";
export type { Family } from "./families/family.ts";
export { concernsOtherTopics, FAMILIES } from "./families/index.ts";
export { type CollectedPart, Collector } from "./history/collector.ts";
export { PointsReader } from "./history/points-reader.ts";
export { SeriesHistory, type Snapshot } from "./history/series-history.ts";
export { sortByTime } from "./history/sort-by-time.ts";
export { StoredBatch } from "./history/stored-batch.ts";
export { indexFileOf } from "./index-file/index-file.ts";
export { INDEX_FORMAT } from "./index-file/schema.ts";
export { readTableSizes, type TableSize } from "./index-file/table-sizes.ts";
export type { Erasure } from "./points/erase.ts";
export { historyFolderOf } from "./points/history-folder.ts";
export type { HistoryStep, HistoryWriter } from "./points/history-writer.ts";
export { decodeHours, encodeHours } from "./points/hours.ts";
export type { LostFile } from "./points/kept-points.ts";
export { namedFiles } from "./points/named-files.ts";
export { Pace } from "./points/pace.ts";
export { PointsStore } from "./points/points-store.ts";
export { type PointsUse, readPointsUse, type SeriesPoints } from "./points/points-use.ts";
export type { RebuildProgress } from "./points/rebuild.ts";
export type { Refill } from "./points/refill.ts";
export type { Run } from "./points/run-reader.ts";
export { type MasksOf, StoredPoints } from "./points/stored-points.ts";
export { DamagedFileFault } from "./points-file/damaged-file.ts";
export { mergePoints, NO_POINTS, type Points, type Span, sliceTime } from "./points-file/points.ts";
export { PointsFile } from "./points-file/points-file.ts";
export { PointsFileWriter, type WrittenFile } from "./points-file/points-file-writer.ts";
export { PointsTable } from "./points-file/points-table.ts";
export { readEveryPoint } from "./points-file/read-every-point.ts";
export { TIME_FIELDS } from "./reading/auto.ts";
export {
  comparePositions,
  type Memory,
  type Position,
  StreamMemory,
  type Version,
} from "./reading/memory.ts";
export type { Document, ReadingRules, SourceMessage } from "./reading/message.ts";
export {
  formatSeries,
  levelsOf,
  type Path,
  parseSeries,
  pathOf,
  publishable,
  type SeriesName,
  topicLevel,
} from "./reading/path.ts";
export {
  type About,
  type Ignored,
  KINDS,
  type Kind,
  type Metadata,
  POINTS_MAX,
  type Point,
  Reading,
} from "./reading/reading.ts";
export { STATE_WORDS } from "./reading/values.ts";
export { type ConfiguredSeries, type SeriesChoice, SeriesReader } from "./series-reader.ts";
