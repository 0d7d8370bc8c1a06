import { exitCodeOf, grouped } from "@weir/command-line";
import { EXIT_CODES, Fault, print } from "@weir/fault";
import {
  type Conversation,
  nothingRecorded,
  type RecordingCommand,
  runRecordingCommand,
} from "@weir/recording";
import { PREVIEW_HELP, type PreviewRequest, previewForm } from "./command-line.ts";
import { previewDeadbands } from "./preview.ts";
import { renderCandidates, renderOne } from "./render.ts";

const command: RecordingCommand<PreviewRequest> = {
  name: "deadband-preview",
  help: PREVIEW_HELP,
  form: previewForm,
  run,
};

/**
 * `npm run agent -- deadband-preview`: what a deadband would have saved, and its price. Returns the exit code.
 *
 * @throws Fault for options that are wrong, and for recordings that are not there.
 */
export async function runDeadbandPreview(argv: readonly string[]): Promise<number> {
  return await runRecordingCommand(command, argv);
}

async function run(request: PreviewRequest, conversation: Conversation): Promise<number> {
  const { signal, say, showProgress, clearProgress } = conversation;
  const preview = await previewDeadbands(request, {
    onProgress: showProgress,
    onSkipped: ({ reason }) => say(reason),
    isStopped: () => signal.aborted,
  });
  clearProgress();
  const { devices, leftOut, messages, unreadable, isStopped } = preview;
  if (preview.cursor === null) throw nothingRecorded(request.stream);
  if (devices.length === 0 && !isStopped) throw noStates(request, messages);
  print(request.deadband === null ? renderCandidates(devices) : renderOne(devices));
  if (leftOut > 0) say(`${grouped(leftOut)} or more attributes left out; name a --device`);
  if (isStopped) {
    say(`stopped after ${grouped(messages)} messages; this is what there is so far`);
    return exitCodeOf(String(signal.reason));
  }
  return unreadable > 0 ? EXIT_CODES.fault : EXIT_CODES.ok;
}

function noStates({ stream, device, attribute }: PreviewRequest, messages: number): Fault {
  const whose = device === null ? "" : ` of the device ${JSON.stringify(device)}`;
  const which = attribute === null ? "" : ` with the attribute ${JSON.stringify(attribute)}`;
  return new Fault(
    `--stream: among ${grouped(messages)} messages of ${stream.name} there is no state${whose}${which}`,
    {
      remedy:
        "Leave out --device and --attribute to see which there are, and look at --from and --to.",
      exitCode: EXIT_CODES.unavailable,
    },
  );
}
