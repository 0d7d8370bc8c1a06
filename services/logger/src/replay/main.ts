import { systemClock } from "@weir/clock";
import { exitCodeOf, runCommand } from "@weir/command-line";
import { loadEnvironment } from "@weir/config";
import { EXIT_CODES } from "@weir/fault";
import { createLogger, listenForStopRequest } from "@weir/service";
import { nothingRecorded } from "../recording/nothing-recorded.ts";
import { createProgressLine, grouped } from "../recording/progress.ts";
import { REPLAY_HELP, type ReplayRequest, readReplayRequest } from "./command-line.ts";
import { connectForReplay, type ReplayConnection } from "./connect.ts";
import { type Replayed, replay } from "./replay.ts";

/** `npm run replay`: plays a part of a stream back to a broker. */
async function main(): Promise<number> {
  const nowUs = systemClock.now() * 1_000;
  const request = readReplayRequest(process.argv.slice(2), loadEnvironment(), nowUs);
  if (request === "help") {
    process.stdout.write(REPLAY_HELP);
    return EXIT_CODES.ok;
  }
  const stopping = new AbortController();
  void listenForStopRequest().then(({ reason }) => stopping.abort(reason));
  return await run(request, stopping.signal);
}

async function run(request: ReplayRequest, signal: AbortSignal): Promise<number> {
  const { query, broker, stream } = request;
  const progress = createProgressLine({
    terminal: process.stderr,
    clock: systemClock,
    fromUs: query.fromUs ?? null,
    toUs: query.toUs,
  });
  const say = (text: string): void => {
    progress.clear();
    process.stderr.write(`replay: ${text}\n`);
  };
  await using connection = await connectForReplay({
    broker,
    logger: createLogger("replay", { logLevel: "warn", logFormat: "auto" }),
    signal,
    onRefused: (topic, reason) => say(`${JSON.stringify(topic)} was refused: ${reason}`),
  });
  const replayed = await replay(request, {
    window: connection.window,
    clock: systemClock,
    onProgress: progress.show,
    onSkipped: ({ reason }) => say(reason),
    signal,
  });
  progress.clear();
  process.stdout.write(summary(connection, replayed));
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

await runCommand("replay", main);
