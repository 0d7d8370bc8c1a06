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
export {
  ATTRIBUTES_MAX,
  type DeviceState,
  decodeState,
  decodeStateDocument,
  type StateReadings,
} from "./device-state.ts";
export {
  DEVICE_LOG_LEVELS,
  type DeviceAddress,
  type DeviceLogLevel,
  type DeviceTopics,
  deviceOfState,
  deviceTopics,
} from "./device-topics.ts";
export { discoveryTopic } from "./discovery-topic.ts";
export { NUMBER_MAGNITUDE_MAX, PAYLOAD_BYTES_MAX, TOPIC_BYTES_MAX } from "./limits.ts";
export { isName, NAME_RESERVED, NAME_RULE, nameProblem } from "./names.ts";
export { type DecodeTimes, OBSERVED_US_MIN, parseStatedTime } from "./observed-time.ts";
export {
  OUTCOMES,
  type Outcome,
  type OutcomeReason,
  outcomeOf,
} from "./outcomes.ts";
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
  ENTRIES_MAX,
  parseAnnouncement,
  parseReceipt,
  RANGES_MAX,
  type Receipt,
  type ReceiptEntry,
} from "./receipt.ts";
export {
  type ClaimOf,
  createClaimOf,
  type ParsedSequence,
  parseSequence,
  type Sequence,
} from "./sequence.ts";
export {
  parseStatistics,
  type Statistics,
  statisticsPayload,
  WINDOW_SECONDS_MAX,
  WINDOWS,
  type WindowDetail,
} from "./statistics.ts";
export { type Flow, topicProblem } from "./topics.ts";
