import { randomUUID } from "node:crypto";
import { addAbortListener } from "node:events";
import {
  type ClientLogger,
  createReconnectingClient,
  isRefusal,
  type PublishOptions,
} from "@weir/mqtt";
import { type BrokerConfig, type Clock, EXIT_CODES, errorMessage, Fault } from "@weir/runtime";
import type { Cursor } from "@weir/store";

export type ReplayConnection = Awaited<ReturnType<typeof connectForReplay>>;

const CONNECT_MS_MAX = 20_000;
const REFUSALS_REPORTED = 5;

/**
 * A connection to the broker that a recording is played back to; it is made again when it is lost.
 *
 * @throws Fault when there is no connection within 20 s. Later it waits for as long as it takes.
 */
export async function connectForReplay(options: {
  broker: BrokerConfig;
  logger: ClientLogger;
  /** Ends the wait for the first connection. */
  signal: AbortSignal;
  /** Called for the first few refusals. */
  onRefused: (topic: string, reason: string) => void;
  clock: Clock;
}) {
  const { broker, logger, signal, onRefused, clock } = options;
  const window = createSendWindow({
    publish: (topic, payload, how) => client.publish(topic, payload, how),
    onRefused: ({ topic }, reason) => {
      if (window.counts().refused <= REFUSALS_REPORTED) onRefused(topic, reason);
    },
  });
  const connected = Promise.withResolvers<void>();
  await using opening = new AsyncDisposableStack();
  const client = opening.use(
    createReconnectingClient({
      broker,
      clientId: `weir-replay-${randomUUID()}`,
      session: { kind: "clean" },
      onConnected: () => {
        window.connected();
        connected.resolve();
      },
      onDisconnected: window.disconnected,
      clock,
      logger,
    }),
  );
  client.start();
  using _timer = clock.schedule(CONNECT_MS_MAX, () => connected.reject(noBroker(broker.url)));
  signal.addEventListener("abort", () => connected.resolve(), { once: true });
  await connected.promise;

  const opened = opening.move();
  return {
    window,
    [Symbol.asyncDispose]: (): Promise<void> => opened.disposeAsync(),
  };
}

function noBroker(url: string): Fault {
  return new Fault(`no connection to ${url} within ${CONNECT_MS_MAX / 1_000} s`, {
    remedy: "Is the broker running, and is --broker (by default the stream's broker) right?",
    exitCode: EXIT_CODES.unavailable,
  });
}

/** A message on its way to the broker. */
export interface Outgoing {
  topic: string;
  payload: Buffer;
  options: PublishOptions;
  /** Its place in the recording. */
  cursor: Cursor;
}

interface Entry {
  message: Outgoing;
  isAnswered: boolean;
}

const MESSAGES_MAX = 1_000;
const BYTES_MAX = 8 * 1024 * 1024;

/** What has been sent and is not answered yet: it is sent again over the next connection. */
export function createSendWindow({
  publish,
  onRefused,
}: {
  publish: (topic: string, payload: Buffer, options: PublishOptions) => Promise<void>;
  /** The broker does not take it. It is not tried again. */
  onRefused: (message: Outgoing, reason: string) => void;
}) {
  /** In their order; the first is not answered. */
  const entries: Entry[] = [];
  let bytes = 0;
  let sent = 0;
  let refused = 0;
  let connection = 0;
  let isConnected = false;
  let answered: Cursor | null = null;
  let progress = Promise.withResolvers<void>();

  function attempt(entry: Entry): void {
    const on = connection;
    const { topic, payload, options } = entry.message;
    publish(topic, payload, options).then(
      () => answer(entry, null),
      (error: unknown) => {
        if (on === connection && isRefusal(error)) answer(entry, error);
        // The client reports the end of a connection right behind the errors that it causes.
        else setImmediate(() => on === connection && isConnected && answer(entry, error));
      },
    );
  }

  function answer(entry: Entry, refusal: unknown): void {
    if (entry.isAnswered) return;
    entry.isAnswered = true;
    bytes -= entry.message.payload.length;
    if (refusal === null) sent += 1;
    else {
      refused += 1;
      onRefused(entry.message, errorMessage(refusal));
    }
    while (entries[0]?.isAnswered === true) answered = entries.shift()?.message.cursor ?? null;
    progress.resolve();
    progress = Promise.withResolvers();
  }

  async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    using _aborting = addAbortListener(signal, () => progress.resolve());
    while (!condition() && !signal.aborted) await progress.promise;
  }

  return {
    /** Sends a message, as soon as the window allows; waits no longer than the signal lasts. */
    send: async (message: Outgoing, signal: AbortSignal): Promise<void> => {
      const isOpen = () => entries.length < MESSAGES_MAX && bytes < BYTES_MAX;
      if (!isOpen()) await until(isOpen, signal);
      if (signal.aborted) return;
      const entry = { message, isAnswered: false };
      entries.push(entry);
      bytes += message.payload.length;
      if (isConnected) attempt(entry);
    },
    /** Resolves when everything is answered, or the signal aborts. */
    settled: (signal: AbortSignal): Promise<void> => until(() => entries.length === 0, signal),
    /** There is a new connection: what is not answered is sent again, in its order. */
    connected: (): void => {
      connection += 1;
      isConnected = true;
      for (const entry of entries) if (!entry.isAnswered) attempt(entry);
    },
    disconnected: (): void => {
      isConnected = false;
    },
    /** Everything up to here is answered; `null` as long as nothing is. */
    answeredThrough: (): Cursor | null => answered,
    /** What the broker has taken, and what it has not. */
    counts: (): { sent: number; refused: number } => ({ sent, refused }),
  };
}
