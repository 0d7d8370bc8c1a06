export { type DecoderSpec, openDecoder } from "./decoder.ts";
export { type Explained, type ExplainedJson, explain, explainedAsJson } from "./explain.ts";
export { csvCell } from "./export/csv.ts";
export {
  createMessageCsv,
  createMessageJsonLines,
  type MessageFormat,
} from "./export/message-formats.ts";
export { POINTS_FORMATS, type PointsFormat } from "./export/point-formats.ts";
export {
  createWideCsv,
  createWideJsonLines,
  WIDE_COLUMNS_MAX,
  WideColumns,
  type WideRowsOf,
  wideRowsOf,
} from "./export/wide-formats.ts";
export {
  askHistory,
  type History,
  type HistoryAnswer,
  type HistoryQuestion,
  type HistorySource,
  readHistory,
} from "./history.ts";
export { exportPoints, type PointsQuestion } from "./history-points.ts";
export { topicFiltersOf } from "./history-rows.ts";
export { HistorySpans } from "./history-spans.ts";
export {
  readStreams,
  storedSettings,
  storedStreamsOf,
  streamsOf,
  weirFileJsonSchema,
} from "./read-streams.ts";
export { openSeriesReader } from "./series-of-stream.ts";
export {
  DISCOVERY_FILTER,
  type FollowableStream,
  prefixesOf,
  type StoredStream,
  type StreamConfig,
  type StreamsConfig,
  streamSettings,
  takes,
} from "./stream-config.ts";
export { timeZoneProblem } from "./time-zone.ts";
