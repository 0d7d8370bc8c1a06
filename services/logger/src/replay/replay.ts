import { addAbortListener } from "node:events";
import type { Clock } from "@weir/clock";
import { EXIT_CODES, Fault } from "@weir/fault";
import { topicProblem } from "@weir/messages";
import type { Progress } from "@weir/recording";
import { type Cursor, readRange, type Skipped, type StoredMessage } from "@weir/store";
import type { ReplayRequest } from "./command-line.ts";
import { isSameBroker, listensTo } from "./own-topics.ts";
import { createPace } from "./pace.ts";
import { retopic } from "./retopic.ts";
import type { SendWindow } from "./window.ts";

export interface ReplayOptions {
  window: SendWindow;
  clock: Clock;
  onProgress: (progress: Progress) => void;
  onSkipped: (skipped: Skipped) => void;
  /** Ends it, also in the middle of a pause. */
  signal: AbortSignal;
}

/** What a replay has read. What the broker has answered is the window's to say. */
export interface Replayed {
  /** Messages that were handed to the window. */
  played: number;
  /** Messages that were left out, because their topics cannot be published to. */
  leftOut: number;
  /** Segments that could not be read. */
  unreadable: number;
  /** The end of what was read; `null` where there was nothing at all. */
  cursor: Cursor | null;
}

/** Plays a recording back, and returns when the broker has answered all of it or the signal aborts. */
export async function replay(request: ReplayRequest, options: ReplayOptions): Promise<Replayed> {
  const { window, clock, onProgress, onSkipped, signal } = options;
  const pace = createPace(request.pace);
  const refuseOwn = ownTopicGuard(request);
  const replayed: Replayed = { played: 0, leftOut: 0, unreadable: 0, cursor: null };

  async function play(message: StoredMessage): Promise<void> {
    const topic = retopic(message.topic, request.retopic);
    if (topicProblem(topic) !== null) {
      replayed.leftOut += 1;
      return;
    }
    refuseOwn(topic);
    await pause(clock, pace.waitMs(message.receivedUs, clock.monotonic()), signal);
    await window.send(outgoing(message, topic, request), signal);
    if (signal.aborted) return;
    replayed.played += 1;
    onProgress({ messages: replayed.played, reachedUs: message.receivedUs });
  }

  for await (const page of readRange(request.stream.place, request.query)) {
    for (const skipped of page.skipped) {
      if (skipped.kind === "unreadable") replayed.unreadable += 1;
      onSkipped(skipped);
    }
    for (const message of page.messages) {
      await play(message);
      if (signal.aborted) return replayed;
    }
    replayed.cursor = page.cursor;
  }
  await window.settled(signal);
  return replayed;
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

/** Keeps a stream from logging its own recording, over and over. */
function ownTopicGuard({ stream, streams, broker, allowsOwnTopics }: ReplayRequest) {
  const isOwnBroker = isSameBroker(streams.brokers[stream.broker], broker);
  return (topic: string): void => {
    if (allowsOwnTopics || !isOwnBroker || !listensTo(stream, topic)) return;
    throw new Fault(
      `the stream ${stream.name} itself listens to ${JSON.stringify(topic)} at ${broker.url}`,
      {
        remedy:
          "Put something in front of the topics (--root replay/), name another broker, or say --same-topics: then it is logged again, except what has the sequence of an outbox, which counts as a duplicate.",
        exitCode: EXIT_CODES.configuration,
      },
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
