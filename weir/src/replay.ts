import { topicProblem } from "@weir/protocol";
import {
  type BrokerConfig,
  createLogger,
  type Environment,
  EXIT_CODES,
  print,
  visible,
} from "@weir/runtime";
import type { Command } from "commander";
import {
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  readBroker,
  readDuration,
  repeated,
  type Surroundings,
} from "./command-line.ts";
import { defineRecordingCommand, type Recording, type Selected } from "./recording.ts";
import { connectForReplay, type ReplayConnection } from "./replay-connection.ts";
import { type PaceOptions, type RetopicOptions, type Rewrite, replay } from "./replay-messages.ts";

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

export function define(command: Command, surroundings: Surroundings): void {
  defineRecordingCommand(command, surroundings, { options, read, run });
  examples(
    command,
    [
      "replay --stream data --from -1d --speed 60 --root replay/",
      "replay --stream devices --speed max --broker mqtts://test.example.org",
    ],
    `It plays in the order of arrival, with the gaps between the messages. What the broker has not confirmed
when a connection is lost is sent again over the next one. Nothing is published on topics that begin
with $. Ctrl-C prints the cursor to continue with.`,
  );
}

function options(command: Command): void {
  command
    .option("--speed <n>", "n times as fast, or max: as fast as the broker takes it (default: 1)")
    .option("--max-gap <span>", "no pause is longer: 500ms, 10s, 5m, 2h")
    .option("--root <prefix>", "put this in front of each topic, for instance replay/")
    .option(
      "--rewrite <a=b>",
      "a topic that begins with a begins with b instead; may be repeated, the first that fits counts",
      repeated,
    )
    .option(
      "--broker <url>",
      "mqtt://[user@]host[:port], also mqtts, ws and wss, with the password and the certificates of the environment (default: the stream's broker)",
    )
    .option(
      "--qos <0|1>",
      "for all messages; with 0 nothing is confirmed, and a lost connection loses messages (default: that of each message, at most 1)",
    )
    .option("--retained", "publish as retained what arrived retained; without it nothing is")
    .option(
      "--same-topics",
      "allow topics that the stream itself logs at this broker. It logs such messages again, except those of publishers with an outbox: the ledger knows their sequences",
    );
}

function read(
  given: Given,
  { selected, environment }: { selected: Selected; environment: Environment },
): ReplayRequest {
  return {
    ...selected,
    broker: given.text("broker") === null ? brokerOf(selected) : readBroker(given, environment),
    pace: { speed: readSpeed(given), gapMsMax: readMaxGap(given) },
    retopic: { root: readRoot(given), rewrites: given.texts("rewrite").map(readRewrite) },
    qos: readQos(given),
    keepsRetained: given.has("retained"),
    allowsOwnTopics: given.has("same-topics"),
  };
}

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

async function run(
  request: ReplayRequest,
  recording: Recording,
  { clock, out }: Surroundings,
): Promise<number> {
  const { signal } = recording;
  await using connection = await connectForReplay({
    broker: request.broker,
    logger: createLogger("replay", { logLevel: "warn", logFormat: "auto" }),
    signal,
    onRefused: (topic, reason) =>
      recording.say(`${JSON.stringify(topic)} was refused: ${visible(reason)}`),
    clock,
  });
  const leftOut = await replay(request, recording, { window: connection.window, clock });
  recording.clear();
  const { sent, refused } = connection.counts();
  const others = `${grouped(refused)} refused by the broker, ${grouped(leftOut)} left out`;
  print(`${grouped(sent)} messages sent, ${others} (topics that cannot be published to)\n`, {
    to: out,
  });
  if (signal.aborted) {
    recording.say(whereToGoOn(connection, request));
    return exitCodeOf(signal);
  }
  const exitCode = recording.exitCode();
  return refused > 0 ? EXIT_CODES.fault : exitCode;
}

/** The broker may have had some messages that it has not confirmed: these arrive twice then. None is lost. */
function whereToGoOn({ window }: ReplayConnection, { query }: ReplayRequest): string {
  const cursor = window.answeredThrough() ?? query.after;
  return cursor === undefined
    ? "stopped before the first message"
    : `stopped; go on with --cursor ${cursor}`;
}
