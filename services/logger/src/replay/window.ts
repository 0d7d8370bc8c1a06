import { addAbortListener } from "node:events";
import { errorMessage } from "@weir/fault";
import { isRefusal, type PublishOptions } from "@weir/mqtt";
import type { Cursor } from "@weir/store";

/** A message on its way to the broker. */
export interface Outgoing {
  topic: string;
  payload: Buffer;
  options: PublishOptions;
  /** Its place in the recording. */
  cursor: Cursor;
}

/** What has been sent and is not answered yet: it is sent again over the next connection. */
export interface SendWindow {
  /** Sends a message, as soon as there is room; waits no longer than the signal lasts. */
  send(message: Outgoing, signal: AbortSignal): Promise<void>;
  /** Resolves when everything is answered, or the signal aborts. */
  settled(signal: AbortSignal): Promise<void>;
  /** There is a connection, a new one: what is not answered is sent again, in its order. */
  connected(): void;
  disconnected(): void;
  /** Everything up to here is answered; `null` as long as nothing is. */
  answeredThrough(): Cursor | null;
}

export interface SendWindowOptions {
  publish: (topic: string, payload: Buffer, options: PublishOptions) => Promise<void>;
  onSent: () => void;
  /** The broker does not take it. It is not tried again. */
  onRefused: (message: Outgoing, reason: string) => void;
}

interface Entry {
  message: Outgoing;
  isAnswered: boolean;
}

const MESSAGES_MAX = 1_000;
const BYTES_MAX = 8 * 1024 * 1024;

export function createSendWindow({ publish, onSent, onRefused }: SendWindowOptions): SendWindow {
  /** In their order; the first is not answered. */
  const entries: Entry[] = [];
  let bytes = 0;
  let connection = 0;
  let isConnected = false;
  let answered: Cursor | null = null;
  let progress = Promise.withResolvers<void>();

  function attempt(entry: Entry): void {
    const on = connection;
    const { topic, payload, options } = entry.message;
    publish(topic, payload, options).then(
      () => {
        if (!entry.isAnswered) onSent();
        answer(entry);
      },
      (error: unknown) => {
        if (on === connection && isRefusal(error)) refuse(entry, error);
        // The end of a connection is told right behind the errors that it causes.
        else setImmediate(() => on === connection && isConnected && refuse(entry, error));
      },
    );
  }

  function refuse(entry: Entry, error: unknown): void {
    if (!entry.isAnswered) onRefused(entry.message, errorMessage(error));
    answer(entry);
  }

  function answer(entry: Entry): void {
    if (entry.isAnswered) return;
    entry.isAnswered = true;
    bytes -= entry.message.payload.length;
    while (entries[0]?.isAnswered === true) answered = entries.shift()?.message.cursor ?? null;
    progress.resolve();
    progress = Promise.withResolvers();
  }

  async function until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    using _aborting = addAbortListener(signal, () => progress.resolve());
    while (!condition() && !signal.aborted) await progress.promise;
  }

  return {
    send: async (message, signal) => {
      const hasRoom = () => entries.length < MESSAGES_MAX && bytes < BYTES_MAX;
      if (!hasRoom()) await until(hasRoom, signal);
      if (signal.aborted) return;
      const entry = { message, isAnswered: false };
      entries.push(entry);
      bytes += message.payload.length;
      if (isConnected) attempt(entry);
    },
    settled: (signal) => until(() => entries.length === 0, signal),
    connected: () => {
      connection += 1;
      isConnected = true;
      for (const entry of entries) if (!entry.isAnswered) attempt(entry);
    },
    disconnected: () => {
      isConnected = false;
    },
    answeredThrough: () => answered,
  };
}
