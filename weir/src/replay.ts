import { pause } from "@weir/mqtt";
import { topicProblem } from "@weir/protocol";
import {
  type BrokerConfig,
  brokerAddress,
  type Clock,
  createLogger,
  EXIT_CODES,
  print,
  toolEnvironment,
  visible,
} from "@weir/runtime";
import type { StoredMessage } from "@weir/store";
import { takes } from "@weir/streams";
import type { Command } from "commander";
import {
  action,
  examples,
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  readBroker,
  readDuration,
  repeated,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { addRecordingOptions, Recording } from "./recording.ts";
import { connectForReplay, type ReplayConnection } from "./replay-connection.ts";

interface ReplayRequest {
  broker: BrokerConfig;
  pace: PaceOptions;
  retopic: RetopicOptions;
  /** `null` is what each message came with, but 1 at most. */
  qos: 0 | 1 | null;
  /** Whether the broker is to retain what arrived retained. */
  keepsRetained: boolean;
  /** Whether the stream may get its own messages again. */
  allowsOwnTopics: boolean;
}

export function define(command: Command, surroundings: Surroundings): void {
  addRecordingOptions(command)
    .option(
      "--speed <n>",
      "playback speed: a factor, or max for as fast as the broker accepts (default: 1)",
    )
    .option("--max-gap <span>", "longest pause between two messages: 500ms, 10s, 5m, 2h")
    .option("--root <prefix>", "prefix for every topic, for instance replay/")
    .option(
      "--rewrite <a=b>",
      "replace the beginning a of a topic with b; may be repeated, the first match applies",
      repeated,
    )
    .option(
      "--broker <url>",
      "mqtt://[user@]host[:port], or mqtts, ws, wss; password and certificates come from the environment (default: the stream's broker)",
    )
    .option(
      "--qos <0|1>",
      "QoS of all messages; with 0 the broker confirms nothing, and a lost connection loses messages (default: the QoS of each message, at most 1)",
    )
    .option(
      "--retained",
      "set the retain flag on messages that arrived with it; without this option no message has it",
    )
    .option(
      "--same-topics",
      "allow topics that the stream itself stores from this broker: it stores these messages again, except those of publishers with an outbox, whose sequences the ledger knows",
    );
  examples(
    command,
    [
      "replay --stream data --from -1d --speed 60 --root replay/",
      "replay --stream devices --speed max --broker mqtts://test.example.org",
    ],
    `It publishes the messages in the order of arrival, with the original gaps between them. Messages that the
broker has not confirmed when a connection is lost are sent again over the next one. Topics that begin
with $ are left out. Ctrl-C prints the cursor to continue with.`,
  );
  action(command, async (given) => {
    const recording = new Recording(command, given, surroundings);
    const request = readRequest(given, recording, surroundings);
    return await run(request, recording, surroundings);
  });
}

function readRequest(
  given: Given,
  { stream, streams }: Recording,
  { environment }: Surroundings,
): ReplayRequest {
  return {
    broker:
      given.text("broker") === null
        ? // The configuration of streams is refused when one of them names a broker that is not there.
          (streams.brokers[stream.broker] as BrokerConfig)
        : readBroker(given, toolEnvironment(environment)),
    pace: {
      speed: readSpeed(given),
      gapMsMax: readDuration(given, "max-gap", GAP_BOUNDS) ?? Number.POSITIVE_INFINITY,
    },
    retopic: { root: readRoot(given), rewrites: given.texts("rewrite").map(readRewrite) },
    qos: readQos(given),
    keepsRetained: given.has("retained"),
    allowsOwnTopics: given.has("same-topics"),
  };
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
  const leftOut = await play(request, recording, { connection, clock });
  recording.clear();
  const { sent, refused } = connection.window.counts();
  const others = `${grouped(refused)} refused by the broker, ${grouped(leftOut)} left out`;
  print(`${grouped(sent)} messages sent, ${others} (topics that cannot be published to)\n`, {
    to: out,
  });
  if (signal.aborted) {
    recording.say(whereToGoOn(connection, recording));
    return exitCodeOf(signal);
  }
  const exitCode = recording.exitCode();
  return refused > 0 ? EXIT_CODES.fault : exitCode;
}

/** The broker may have had some messages that it has not confirmed: these arrive twice then. None is lost. */
function whereToGoOn({ window }: ReplayConnection, { query }: Recording): string {
  const cursor = window.answeredThrough() ?? query.after;
  return cursor === undefined
    ? "stopped before the first message"
    : `stopped; go on with --cursor ${cursor}`;
}

/** Timers cannot be more exact, and shorter waits would only cost. */
const PAUSE_MS_MIN = 1;

/**
 * Plays a recording back, and returns when the broker has answered all of it or the signal aborts.
 *
 * @returns how many messages were left out, because their topics cannot be published to.
 */
async function play(
  request: ReplayRequest,
  recording: Recording,
  { connection: { window }, clock }: { connection: ReplayConnection; clock: Clock },
): Promise<number> {
  const { signal } = recording;
  const pace = createPace(request.pace);
  const refuseOwn = ownTopicGuard(request, recording);
  let played = 0;
  let leftOut = 0;
  for await (const page of recording.pages()) {
    for (const message of page.messages) {
      const topic = retopic(message.topic, request.retopic);
      if (topicProblem(topic) !== null) {
        leftOut += 1;
        continue;
      }
      refuseOwn(topic);
      const waitMs = pace.waitMs(message.receivedUs, clock.monotonic());
      if (waitMs >= PAUSE_MS_MIN) await pause(clock, waitMs, signal);
      await window.send(outgoing(message, topic, request), signal);
      if (signal.aborted) return leftOut;
      played += 1;
      recording.show(played, message.receivedUs);
    }
  }
  await window.settled(signal);
  return leftOut;
}

function outgoing(
  { payload, qos, retained, cursor }: StoredMessage,
  topic: string,
  request: ReplayRequest,
) {
  const options = {
    qos: request.qos ?? (qos === 0 ? 0 : 1),
    retain: retained && request.keepsRetained,
  } as const;
  return { topic, payload, options, cursor };
}

/** Keeps a stream from logging its own recording again and again. */
function ownTopicGuard({ broker, allowsOwnTopics }: ReplayRequest, { stream, streams }: Recording) {
  const isOwnBroker = isSameBroker(streams.brokers[stream.broker], broker);
  return (topic: string): void => {
    if (allowsOwnTopics || !isOwnBroker || !takes(stream, topic)) return;
    throw usageFault(
      `the stream ${stream.name} itself listens to ${JSON.stringify(topic)} at ${broker.url}`,
      "Put something in front of the topics (--root replay/), name another broker, or give --same-topics: then it is logged again, except what has the sequence of an outbox, which counts as a duplicate.",
    );
  };
}

export interface PaceOptions {
  /** How many times faster than it was recorded; `null` is as fast as it goes. */
  speed: number | null;
  /** The longest pause, in milliseconds of the replay. */
  gapMsMax: number;
}

/** A longer delay is not made up for: it was an outage, or the broker is slower. */
const LATE_MS_MAX = 1_000;

/** The original gaps, scaled and capped. Where the clock was set back there is none. */
export function createPace({ speed, gapMsMax }: PaceOptions) {
  let dueMs: number | null = null;
  let beforeUs = 0;
  return {
    /** How long to wait with a message, in milliseconds; call it once for each, in their order. */
    waitMs: (receivedUs: number, nowMs: number): number => {
      if (speed === null) return 0;
      const gapMs = Math.max(0, (receivedUs - beforeUs) / 1_000 / speed);
      beforeUs = receivedUs;
      dueMs = dueMs === null ? nowMs : dueMs + Math.min(gapMs, gapMsMax);
      if (nowMs - dueMs > LATE_MS_MAX) dueMs = nowMs;
      return Math.max(0, dueMs - nowMs);
    },
  };
}

const THIS_MACHINE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Whether two URLs name the same host and port. Names are not looked up. */
export function isSameBroker(one: BrokerConfig | undefined, other: BrokerConfig): boolean {
  if (one === undefined) return false;
  const [here, there] = [brokerAddress(one.url), brokerAddress(other.url)];
  const isSameHost = THIS_MACHINE.has(here.host)
    ? THIS_MACHINE.has(there.host)
    : here.host === there.host;
  return isSameHost && here.port === there.port;
}

/** Replaces the beginning of a topic; the first that matches applies. */
interface Rewrite {
  from: string;
  to: string;
}

interface RetopicOptions {
  /** Is put in front of every topic. */
  root: string;
  rewrites: readonly Rewrite[];
}

/** The topic under which a message is played back. It may be one that clients cannot publish to. */
export function retopic(topic: string, { root, rewrites }: RetopicOptions): string {
  const rewrite = rewrites.find(({ from }) => topic.startsWith(from));
  return root + (rewrite === undefined ? topic : rewrite.to + topic.slice(rewrite.from.length));
}
