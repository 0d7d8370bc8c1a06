import { type CataloguedSeries, deviceOf } from "@weir/series";
import { readRange, type StoredMessage } from "@weir/store";
import type { HistorySource, StoredStream } from "@weir/streams";
import { payloadOf } from "../node/heard.ts";
import type { HeardMessage } from "../node/node.ts";
import { connectionOfRow } from "../node/presence.ts";
import type { EventSequence, StoredEvent } from "./stored-event.ts";
import type { Sources } from "./stored-readings.ts";

/** What is read of a stream. Times in microseconds since the epoch. */
export interface MessagesQuestion {
  stream: StoredStream;
  fromUs: number;
  toUs: number;
  filters: readonly string[];
  /** The series of this stream. */
  catalogue: readonly CataloguedSeries[];
  hears(topic: string): boolean;
}

/** As many as a reading of rows can select by. */
const FILTERS_MAX = 100;

/** The messages of a stream, in the order of their arrival. */
export async function* storedMessages(
  { stream, fromUs, toUs, filters, catalogue, hears }: MessagesQuestion,
  { signal, onSkipped }: HistorySource,
  sources: Sources,
): EventSequence {
  const wanted = filters.length <= FILTERS_MAX ? filters : [];
  // The first path of each topic.
  const firsts = new Map(catalogue.toReversed().map((series) => [series.topic, series]));
  for await (const page of readRange(stream.place, { fromUs, toUs, filters: wanted })) {
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    const events: StoredEvent[] = [];
    for (const message of page.messages) {
      // What the broker had kept is not new.
      if (message.retained || !hears(message.topic)) continue;
      const heard = heardMessage(stream.name, message, firsts.get(message.topic) ?? null);
      const atMs = Math.floor(message.receivedUs / 1_000);
      events.push({ atMs, stream: stream.name, path: "", heard });
    }
    if (events.length > 0) sources.rows = true;
    yield events;
  }
}

/** What devices say of their connections, in the order of arrival. @param filters of `presenceFilters`. */
export async function* storedConnections(
  { stream, fromUs, toUs, filters }: Omit<MessagesQuestion, "catalogue" | "hears">,
  { signal, onSkipped }: HistorySource,
  sources: Sources,
): EventSequence {
  for await (const page of readRange(stream.place, { fromUs, toUs, filters })) {
    signal.throwIfAborted();
    page.skipped.forEach(onSkipped);
    const events: StoredEvent[] = [];
    for (const { topic, payload, retained, receivedUs } of page.messages) {
      const heard = connectionOfRow({ stream: stream.name, topic, payload, retained });
      if (heard === null) continue;
      const atMs = Math.floor(receivedUs / 1_000);
      events.push({ atMs, stream: stream.name, path: "", heard });
    }
    if (events.length > 0) sources.rows = true;
    yield events;
  }
}

function heardMessage(
  stream: string,
  message: StoredMessage,
  first: CataloguedSeries | null,
): HeardMessage {
  const { topic } = message;
  const payload = payloadOf(message.payload);
  // Where the payload is one value, the last level is its name.
  const path = first?.path ?? (typeof payload === "object" ? "value" : "");
  const { id, name } = deviceOf({ stream, topic, path, device: first?.device ?? null });
  return { kind: "messages", stream, topic, device: id, deviceName: name, payload };
}
