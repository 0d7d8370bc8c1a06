export {
  COMMAND_BYTES_MAX,
  COMMAND_STATUSES,
  type Command,
  type CommandAck,
  type CommandOutcome,
  type CommandStatus,
  endsCommand,
  type ParsedCommand,
  parseCommand,
  parseCommandAck,
} from "./command.ts";
export { type Cover, coverOf, type FilterQos, joinedCoverOf } from "./cover.ts";
export {
  ATTRIBUTES_MAX,
  type DeviceState,
  decodeState,
  decodeStateDocument,
  type StateReadings,
} from "./device-state.ts";
export { filterHolds, filterProblem, filtersOverlap, matchesFilter } from "./filter.ts";
export { createTopicMatcher, type TopicEntry } from "./matcher.ts";
export { type DecodeTimes, OBSERVED_US_MIN, parseStatedTime } from "./observed-time.ts";
export { OUTCOMES, type Outcome, type OutcomeReason, outcomeOf } from "./outcomes.ts";
export { textOf, withoutMarks } from "./outside-text.ts";
export {
  type LoggerPerformance,
  loggerPerformance,
  type StreamPerformance,
} from "./performance.ts";
export {
  type DataPayload,
  type Decoded,
  dataPayload,
  decodeDocument,
  decodeJsonPayload,
  decodeReading,
  decodeRecord,
  withoutReading,
} from "./reading.ts";
export {
  type Announcement,
  type AnnouncementEntry,
  type ClaimOf,
  createClaimOf,
  ENTRIES_MAX,
  type ParsedSequence,
  parseAnnouncement,
  parseReceipt,
  parseSequence,
  RANGES_MAX,
  type Receipt,
  type ReceiptEntry,
  type Sequence,
} from "./receipt.ts";
export {
  parseStatistics,
  type Statistics,
  statisticsPayload,
  WINDOW_SECONDS_MAX,
  WINDOWS,
  type WindowDetail,
} from "./statistics.ts";
export {
  DEVICE_LOG_LEVELS,
  type DeviceAddress,
  type DeviceLogLevel,
  type DeviceTopics,
  deviceOfState,
  deviceTopics,
  discoveryTopic,
  type Flow,
  isName,
  NAME_RESERVED,
  NAME_RULE,
  NUMBER_MAGNITUDE_MAX,
  nameProblem,
  PAYLOAD_BYTES_MAX,
  TOPIC_BYTES_MAX,
  topicProblem,
} from "./topics.ts";
