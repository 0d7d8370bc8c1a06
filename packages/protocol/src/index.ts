export { BROKER_LOG_TOPIC, type LoggedConnection, parseBrokerLog } from "./broker-log.ts";
export { clientNamesOf, nameInClientId } from "./client-names.ts";
export {
  COMMAND_BYTES_MAX,
  COMMAND_STATUSES,
  type Command,
  type CommandAck,
  type CommandOutcome,
  type CommandStatus,
  commandAckIn,
  endsCommand,
  parseCommand,
  parseCommandAck,
} from "./command.ts";
export { CommandLife, commandMessage, type NewCommand } from "./command-life.ts";
export { type DeviceState, decodeState, decodeStateDocument } from "./device-state.ts";
export {
  coverOf,
  createTopicMatcher,
  type FilterQos,
  filterHolds,
  filterProblem,
  filtersOverlap,
  joinedCoverOf,
  matchesFilter,
} from "./filter.ts";
export { createIsoTime } from "./iso-time.ts";
export {
  type DecodeTimes,
  OBSERVED_US_MIN,
  type Observed,
  observedAt,
  parseStatedTime,
} from "./observed-time.ts";
export { OUTCOMES, type Outcome, outcomeOf } from "./outcomes.ts";
export { isObject, parseLenientJson, textOf, withoutMarks } from "./outside-text.ts";
export { presenceFilters, presenceIn, presenceTopicsOf } from "./presence.ts";
export {
  type DataPayload,
  type Decoded,
  type Decoder,
  decodeDocument,
  decodeJsonPayload,
  decodeReading,
  decodeRecord,
  parseNumber,
  type Sequence,
  withoutReading,
} from "./reading.ts";
export {
  type Announcement,
  type AnnouncementEntry,
  ENTRIES_MAX,
  type LoggerPerformance,
  loggerPerformance,
  parseAnnouncement,
  parseReceipt,
  parseStatistics,
  RANGES_MAX,
  type Receipt,
  type ReceiptEntry,
  type Statistics,
  type StreamPerformance,
  WINDOW_SECONDS_MAX,
  WINDOWS,
  type WindowDetail,
} from "./service-payloads.ts";
export {
  type ClaimOf,
  createClaimOf,
  DEVICE_LOG_LEVELS,
  type DeviceAddress,
  type DeviceLogLevel,
  deviceOfState,
  deviceTopics,
  discoveryTopic,
  type Flow,
  isName,
  NAME_PATTERN,
  NAME_RESERVED,
  NAME_RULE,
  NUMBER_MAGNITUDE_MAX,
  nameProblem,
  PAYLOAD_BYTES_MAX,
  topicProblem,
} from "./topics.ts";
