import { topicProblem } from "@weir/protocol";
import {
  type BrokerConfig,
  createLogger,
  EXIT_CODES,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  print,
  readBroker,
  readDuration,
  runCommand,
  systemClock,
  visible,
} from "@weir/runtime";
import {
  type Conversation,
  type RecordingCommand,
  runRecordingCommand,
} from "./recording-command.ts";
import { connectForReplay, type ReplayConnection } from "./replay-connection.ts";
import {
  type PaceOptions,
  type Replayed,
  type RetopicOptions,
  type Rewrite,
  replay,
} from "./replay-messages.ts";
import { nothingRecorded, type RequestForm, SELECTION_HELP, type Selected } from "./selection.ts";

/** What `npm run replay` is asked for. */
export interface ReplayRequest extends Selected {
  broker: BrokerConfig;
  pace: PaceOptions;
  retopic: RetopicOptions;
  /** `null` is what each message came with, but 1 at most. */
  qos: 0 | 1 | null;
  /** Whether the broker is to keep what it had kept. */
  keepsRetained: boolean;
  /** Whether the stream may get its own messages again. */
  allowsOwnTopics: boolean;
}

const REPLAY_HELP = `npm run replay -- --stream NAME [options]

Plays a part of a stream back to a broker, in the order of arrival and with the gaps that it came with.
What the broker has not confirmed when a connection is lost is sent again over the next one.

Options:
${SELECTION_HELP}
  --speed N         N times as fast; 1 by default, max for as fast as the broker takes it
  --max-gap SPAN    no pause is longer: 500ms, 10s, 5m, 2h
  --root PREFIX     is put in front of each topic, for instance replay/
  --rewrite A=B     a topic that begins with A begins with B instead; may be repeated, the first that
                    fits counts
  --broker URL      mqtt://[user@]host[:port], also mqtts, ws and wss; with the password and the
                    certificates of the environment; default the stream's broker
  --qos 0|1         for all messages; default that of each, but 1 at most. With 0 nothing is confirmed,
                    and what a lost connection swallows is lost
  --retained        what came retained is retained again; otherwise nothing is
  --same-topics     plays back also onto topics that the stream itself listens to on this broker. It
                    logs such messages again, except those of publishers with an outbox: by the
                    sequence in their payloads the ledger knows them as duplicates.
  --help

Nothing is published on topics that begin with $. Ctrl-C prints the cursor to go on with.
`;

/** How `npm run replay` reads its command line. */
export const replayForm: RequestForm<ReplayRequest> = {
  options: {
    speed: { type: "string" },
    "max-gap": { type: "string" },
    root: { type: "string" },
    rewrite: { type: "string", multiple: true },
    broker: { type: "string" },
    qos: { type: "string" },
    retained: { type: "boolean" },
    "same-topics": { type: "boolean" },
  },
  read: (given, { selected, environment }) => {
    const url = given.text("broker");
    return {
      ...selected,
      broker: url === null ? brokerOf(selected) : readBroker(url, environment),
      pace: { speed: readSpeed(given), gapMsMax: readMaxGap(given) },
      retopic: { root: readRoot(given), rewrites: given.texts("rewrite").map(readRewrite) },
      qos: readQos(given),
      keepsRetained: given.has("retained"),
      allowsOwnTopics: given.has("same-topics"),
    };
  },
};

function brokerOf({ stream, streams }: Selected): BrokerConfig {
  // The configuration of streams is refused when one of them names a broker that is not there.
  return streams.brokers[stream.broker] as BrokerConfig;
}

const SPEED_MAX = 1e6;
const GAP_BOUNDS = { min: "0ms", max: "366d" };

function readSpeed(given: Given): number | null {
  const text = given.text("speed") ?? "1";
  if (text === "max") return null;
  const speed = /^\d{1,7}(\.\d{1,6})?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (speed > 0 && speed <= SPEED_MAX) return speed;
  throw optionFault("speed", text, `max, or a number above 0 and up to ${SPEED_MAX}`);
}

function readMaxGap(given: Given): number {
  return readDuration(given, "max-gap", GAP_BOUNDS) ?? Number.POSITIVE_INFINITY;
}

function readRoot(given: Given): string {
  const root = given.text("root") ?? "";
  const problem = root === "" ? null : topicProblem(root);
  if (problem !== null) throw optionFault("root", root, `the beginning of a topic: ${problem}`);
  return root;
}

function readRewrite(text: string): Rewrite {
  const [from = "", to] = text.split(/=(.*)/s);
  if (from !== "" && to !== undefined) return { from, to };
  throw optionFault("rewrite", text, "the old beginning of topics, =, and the new one");
}

function readQos(given: Given): 0 | 1 | null {
  const text = given.text("qos");
  if (text === null) return null;
  if (text === "0" || text === "1") return text === "0" ? 0 : 1;
  throw optionFault("qos", text, "0 or 1");
}

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
