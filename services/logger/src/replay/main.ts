import { systemClock } from "@weir/clock";
import { exitCodeOf, grouped, runCommand } from "@weir/command-line";
import { EXIT_CODES, print, visible } from "@weir/fault";
import {
  type Conversation,
  nothingRecorded,
  type RecordingCommand,
  runRecordingCommand,
} from "@weir/recording";
import { createLogger } from "@weir/service";
import { REPLAY_HELP, type ReplayRequest, replayForm } from "./command-line.ts";
import { connectForReplay, type ReplayConnection } from "./connect.ts";
import { type Replayed, replay } from "./replay.ts";

/** `npm run replay`: plays a part of a stream back to a broker. */
const command: RecordingCommand<ReplayRequest> = {
  name: "replay",
  help: REPLAY_HELP,
  form: replayForm,
  run,
};

async function run(request: ReplayRequest, conversation: Conversation): Promise<number> {
  const { broker, stream } = request;
  const { signal, say } = conversation;
  await using connection = await connectForReplay({
    broker,
    logger: createLogger("replay", { logLevel: "warn", logFormat: "auto" }),
    signal,
    onRefused: (topic, reason) => say(`${JSON.stringify(topic)} was refused: ${visible(reason)}`),
  });
  const replayed = await replay(request, {
    window: connection.window,
    clock: systemClock,
    onProgress: conversation.showProgress,
    onSkipped: ({ reason }) => say(reason),
    signal,
  });
  conversation.clearProgress();
  print(summary(connection, replayed));
  if (signal.aborted) {
    say(whereToGoOn(connection, request));
    return exitCodeOf(String(signal.reason));
  }
  if (replayed.cursor === null) throw nothingRecorded(stream);
  const isWhole = connection.counts().refused === 0 && replayed.unreadable === 0;
  return isWhole ? EXIT_CODES.ok : EXIT_CODES.fault;
}

function summary(connection: ReplayConnection, { leftOut }: Replayed): string {
  const { sent, refused } = connection.counts();
  const others = `${grouped(refused)} refused by the broker, ${grouped(leftOut)} left out`;
  return `${grouped(sent)} messages sent, ${others} (topics that nobody may publish to)\n`;
}

/** The broker may have had some of what it has not confirmed: that comes twice then, never not at all. */
function whereToGoOn({ window }: ReplayConnection, { query }: ReplayRequest): string {
  const cursor = window.answeredThrough() ?? query.after;
  return cursor === undefined
    ? "stopped before the first message"
    : `stopped; go on with --cursor ${cursor}`;
}

await runCommand(command.name, () => runRecordingCommand(command, process.argv.slice(2)));
