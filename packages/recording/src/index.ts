export {
  type Conversation,
  type RecordingCommand,
  runRecordingCommand,
} from "./command.ts";
export { createIsoTime, isoMicroseconds } from "./iso-time.ts";
export { nothingRecorded } from "./nothing-recorded.ts";
export type { Progress } from "./progress.ts";
export {
  readSelection,
  SELECTION_HELP,
  SELECTION_OPTIONS,
  type Selected,
} from "./selection.ts";
export { parseSpanUs } from "./time.ts";
