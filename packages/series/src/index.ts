export { TIME_FIELDS } from "./auto.ts";
export {
  Catalogue,
  type CataloguedSeries,
  indexFileOf,
  readCatalogue,
  readMemory,
} from "./catalogue.ts";
export type { Family } from "./families/family.ts";
export { FAMILIES } from "./families/index.ts";
export {
  comparePositions,
  type Memory,
  type Position,
  StreamMemory,
  type Version,
} from "./memory.ts";
export type { Document, ReadingRules, SourceMessage } from "./message.ts";
export {
  formatSeries,
  levelsOf,
  type Path,
  parseSeries,
  pathOf,
  type SeriesName,
  topicLevel,
} from "./path.ts";
export {
  type About,
  KINDS,
  type Kind,
  type Metadata,
  POINTS_MAX,
  type Point,
  Reading,
} from "./reading.ts";
export { type ConfiguredSeries, type SeriesChoice, SeriesReader } from "./series-reader.ts";
export { STREAM_SERIES_MAX, type StreamCatalogue, TOPIC_SERIES_MAX } from "./stream-catalogue.ts";
export { STATE_WORDS } from "./values.ts";
