export {
  type Conversation,
  type RecordingCommand,
  runRecordingCommand,
} from "./command.ts";
export { createIsoTime, isoMicroseconds } from "./iso-time.ts";
export { nothingRecorded } from "./nothing-recorded.ts";
export type { Progress } from "./progress.ts";
export { type RequestForm, readRequest } from "./request.ts";
export { SELECTION_HELP, type Selected } from "./selection.ts";
