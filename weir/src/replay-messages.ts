import { addAbortListener } from "node:events";
import { matchesFilter, topicProblem } from "@weir/protocol";
import type { BrokerConfig, Clock } from "@weir/runtime";
import type { StoredMessage } from "@weir/store";
import type { StreamConfig } from "@weir/streams";
import { usageFault } from "./command-line.ts";
import type { Recording } from "./recording.ts";
import type { ReplayRequest } from "./replay.ts";
import type { SendWindow } from "./replay-connection.ts";

/**
 * Plays a recording back, and returns when the broker has answered all of it or the signal aborts.
 *
 * @returns how many messages were left out, because their topics cannot be published to.
 */
export async function replay(
  request: ReplayRequest,
  recording: Recording,
  { window, clock }: { window: SendWindow; clock: Clock },
): Promise<number> {
  const { signal } = recording;
  const pace = createPace(request.pace);
  const refuseOwn = ownTopicGuard(request);
  let played = 0;
  let leftOut = 0;

  async function play(message: StoredMessage): Promise<void> {
    const topic = retopic(message.topic, request.retopic);
    if (topicProblem(topic) !== null) {
      leftOut += 1;
      return;
    }
    refuseOwn(topic);
    await pause(clock, pace.waitMs(message.receivedUs, clock.monotonic()), signal);
    await window.send(outgoing(message, topic, request), signal);
    if (signal.aborted) return;
    played += 1;
    recording.show(played, message.receivedUs);
  }

  for await (const page of recording.pages()) {
    for (const message of page.messages) {
      await play(message);
      if (signal.aborted) return leftOut;
    }
  }
  await window.settled(signal);
  return leftOut;
}

function outgoing(
  { payload, qos, retained, cursor }: StoredMessage,
  topic: string,
  request: Pick<ReplayRequest, "qos" | "keepsRetained">,
) {
  const options = {
    qos: request.qos ?? (qos === 0 ? 0 : 1),
    retain: retained && request.keepsRetained,
  } as const;
  return { topic, payload, options, cursor };
}

/** Keeps a stream from logging its own recording again and again. */
function ownTopicGuard({ stream, streams, broker, allowsOwnTopics }: ReplayRequest) {
  const isOwnBroker = isSameBroker(streams.brokers[stream.broker], broker);
  return (topic: string): void => {
    if (allowsOwnTopics || !isOwnBroker || !listensTo(stream, topic)) return;
    throw usageFault(
      `the stream ${stream.name} itself listens to ${JSON.stringify(topic)} at ${broker.url}`,
      "Put something in front of the topics (--root replay/), name another broker, or give --same-topics: then it is logged again, except what has the sequence of an outbox, which counts as a duplicate.",
    );
  };
}

/** Timers cannot be more exact, and shorter waits would only cost. */
const PAUSE_MS_MIN = 1;
const PAUSE_MS_MAX = 2 ** 31 - 1;

async function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs < PAUSE_MS_MIN || signal.aborted) return;
  const over = Promise.withResolvers<void>();
  using _timer = clock.schedule(Math.min(waitMs, PAUSE_MS_MAX), over.resolve);
  using _aborting = addAbortListener(signal, () => over.resolve());
  await over.promise;
}

/** When each message of a recording is due. */
interface Pace {
  /** How long to wait with a message, in milliseconds; call it once for each, in their order. */
  waitMs(receivedUs: number, nowMs: number): number;
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
export function createPace({ speed, gapMsMax }: PaceOptions): Pace {
  let dueMs: number | null = null;
  let beforeUs = 0;
  return {
    waitMs: (receivedUs, nowMs) => {
      if (speed === null) return 0;
      const gapMs = Math.max(0, (receivedUs - beforeUs) / 1_000 / speed);
      beforeUs = receivedUs;
      dueMs = dueMs === null ? nowMs : dueMs + Math.min(gapMs, gapMsMax);
      if (nowMs - dueMs > LATE_MS_MAX) dueMs = nowMs;
      return Math.max(0, dueMs - nowMs);
    },
  };
}

/** Whether a stream would log what is published on a topic. */
export function listensTo(
  { filters, exclude }: Pick<StreamConfig, "filters" | "exclude">,
  topic: string,
): boolean {
  const isMatch = (filter: string): boolean => matchesFilter(filter, topic);
  return filters.some(isMatch) && !exclude.some(isMatch);
}

const PORTS = new Map([
  ["mqtt:", "1883"],
  ["mqtts:", "8883"],
  ["ws:", "80"],
  ["wss:", "443"],
]);
const THIS_MACHINE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether two URLs name the same host and port. Names are not looked up. */
export function isSameBroker(one: BrokerConfig | undefined, other: BrokerConfig): boolean {
  return one !== undefined && addressOf(one.url) === addressOf(other.url);
}

function addressOf(url: string): string {
  const { hostname, protocol, port } = new URL(url);
  const name = hostname.toLowerCase();
  const host = THIS_MACHINE.has(name) ? "localhost" : name;
  return `${host}:${port || PORTS.get(protocol)}`;
}

/** Texts that the beginnings of topics are replaced by; the first that fits counts. */
export interface Rewrite {
  from: string;
  to: string;
}

export interface RetopicOptions {
  /** Is put in front of every topic. */
  root: string;
  rewrites: readonly Rewrite[];
}

/** The topic under which a message is played back. It may be none that can be published to. */
export function retopic(topic: string, { root, rewrites }: RetopicOptions): string {
  const rewrite = rewrites.find(({ from }) => topic.startsWith(from));
  return root + (rewrite === undefined ? topic : rewrite.to + topic.slice(rewrite.from.length));
}
