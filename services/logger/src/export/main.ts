import { exitCodeOf, grouped, runCommand } from "@weir/command-line";
import { EXIT_CODES, errorCode } from "@weir/fault";
import {
  type Conversation,
  nothingRecorded,
  type RecordingCommand,
  runRecordingCommand,
} from "@weir/recording";
import { EXPORT_HELP, type ExportRequest, exportForm } from "./command-line.ts";
import { exportRange } from "./export.ts";
import { openFileSink, type Sink, sinkOf } from "./sink.ts";

/** `npm run export`: a part of a stream as CSV or JSON lines. */
const command: RecordingCommand<ExportRequest> = {
  name: "export",
  help: EXPORT_HELP,
  form: exportForm,
  run: async (request, conversation) => {
    try {
      return await run(request, conversation);
    } catch (error) {
      // Whoever read it has enough: head(1), or a pager that was left.
      if (errorCode(error) === "EPIPE") return EXIT_CODES.ok;
      throw error;
    }
  },
};

async function run(request: ExportRequest, conversation: Conversation): Promise<number> {
  const { signal, say } = conversation;
  const { messages, cursor, end, unreadable } = await exportRange(request, {
    sink: await openSink(request),
    onProgress: conversation.showProgress,
    onSkipped: ({ reason }) => say(reason),
    isStopped: () => signal.aborted,
  });
  if (cursor === null) throw nothingRecorded(request.stream);
  if (end === "complete") conversation.clearProgress();
  else say(`${grouped(messages)} messages so far; go on with --cursor ${cursor}`);
  if (end === "stopped") return exitCodeOf(String(signal.reason));
  return unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
}

async function openSink({ output, query }: ExportRequest): Promise<Sink> {
  if (output === null) return sinkOf(process.stdout);
  return await openFileSink(output, { append: query.after !== undefined });
}

await runCommand(command.name, () => runRecordingCommand(command, process.argv.slice(2)));
