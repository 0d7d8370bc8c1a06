import { isUtf8 } from "node:buffer";
import { parseLenientJson, textOf } from "@weir/protocol";
import { deviceOf } from "@weir/series";
import { readRange, type StoredMessage } from "@weir/store";
import type { HistorySource, StoredStream } from "@weir/streams";
import type { HeardMessage } from "../nodes/node.ts";
import type { EventSequence, StoredEvent } from "./stored-event.ts";
import type { Sources } from "./stored-readings.ts";

/** What is read of a stream. Times in microseconds since the epoch. */
export interface MessagesQuestion {
  stream: StoredStream;
  fromUs: number;
  toUs: number;
  filters: readonly string[];
  hears(topic: string): boolean;
}

/** As many as a reading of rows can select by. */
const FILTERS_MAX = 100;

/** The messages of a stream, in the order of their arrival. */
export async function* storedMessages(
  { stream, fromUs, toUs, filters, hears }: MessagesQuestion,
  { signal, onSkipped }: HistorySource,
  sources: Sources,
): EventSequence {
  const wanted = filters.length <= FILTERS_MAX ? filters : [];
  for await (const page of readRange(stream.place, { fromUs, toUs, filters: wanted })) {
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    const events: StoredEvent[] = [];
    for (const message of page.messages) {
      if (!hears(message.topic)) continue;
      const heard = heardMessage(stream.name, message);
      events.push({ atMs: message.receivedUs / 1_000, stream: stream.name, path: "", heard });
    }
    if (events.length > 0) sources.rows = true;
    yield events;
  }
}

function heardMessage(stream: string, { topic, payload }: StoredMessage): HeardMessage {
  const { id, name } = deviceOf({ stream, topic, path: "", device: null });
  return {
    kind: "messages",
    stream,
    topic,
    device: id,
    deviceName: name,
    payload: payloadOf(payload),
  };
}

function payloadOf(payload: Buffer): unknown {
  if (!isUtf8(payload)) return null;
  const text = textOf(payload);
  const { json } = parseLenientJson(text);
  return json === undefined ? text : json;
}
