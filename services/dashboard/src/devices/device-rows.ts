import { DEVICE_LOG_LEVELS, isObject, parseLenientJson, presenceIn, textOf } from "@weir/protocol";
import { readNewest, type StoredMessage } from "@weir/store";
import { explain, type HistorySource } from "@weir/streams";
import type { ConnectionEvent, LogEntry } from "../contract/devices.ts";
import type { Explained } from "../contract/series.ts";
import { explainedToContract } from "../sources/explained.ts";
import { rootOf } from "./device-address.ts";
import type { FoundDevice } from "./device-book.ts";
import { presenceTopicsIn } from "./presences.ts";

/** Characters of a line of a device's log. */
const LINE_LENGTH_MAX = 2_000;
/** Rows of birth and will that are looked into: the broker's copy is stored at each start of the logger, too. */
const PRESENCE_ROWS_MAX = 500;

/** Rows of the open segment of a stream that are looked through: nothing else happens meanwhile. */
const SCANNED_MAX = 1_000_000;

type Streams = Pick<HistorySource, "streams" | "indexFile" | "skewUs">;

/** What is stored of devices, in whichever stream. */
export class DeviceRows {
  readonly #source: Streams;

  constructor(source: Streams) {
    this.#source = source;
  }

  /** The newest messages of topics and topic filters, the newest first. @throws Fault */
  newest(topics: readonly string[], limit: number): StoredMessage[] {
    return this.#source.streams
      .flatMap(({ place }) =>
        readNewest(place, { topics, limit, scannedMax: SCANNED_MAX }).reverse(),
      )
      .sort((a, b) => b.receivedUs - a.receivedUs)
      .slice(0, limit);
  }

  /** The newest lines of a device's log, the newest first. @throws Fault */
  log({ address }: FoundDevice, limit: number): LogEntry[] {
    if (address === null) return [];
    const topics = DEVICE_LOG_LEVELS.map((level) => `${rootOf(address)}/log/${level}`);
    return this.newest(topics, limit).map(logEntryOf);
  }

  /** The newest payloads of a device and how they were read, the newest first. @throws Fault */
  states({ topics }: FoundDevice, limit: number): Explained[] {
    return explain(this.#source, topics, limit, SCANNED_MAX)
      .reverse()
      .map(explainedToContract)
      .sort((a, b) => b.receivedMs - a.receivedMs)
      .slice(0, limit);
  }

  /** When a device has come and gone by its birth and will, the newest first. @throws Fault */
  presences({ presenceKeys }: FoundDevice, limit: number): ConnectionEvent[] {
    const events: ConnectionEvent[] = [];
    const rows = this.newest(presenceTopicsIn(presenceKeys), PRESENCE_ROWS_MAX);
    for (const { payload, receivedUs, retained } of rows.reverse()) {
      const isOnline = presenceIn(payload);
      const event = isOnline === true ? "online" : "offline";
      // The broker's copy says nothing new, unless the logger was away.
      if (isOnline === null || (retained && events.at(-1)?.event === event)) continue;
      const unknown = { reason: null, session: null, clientId: null, address: null };
      events.push({ atMs: receivedUs / 1_000, event, ...unknown });
    }
    return events.reverse().slice(0, limit);
  }
}

/** A line of a device's log, as it is stored or as it arrives. */
export function logEntryOf({ topic, payload, receivedUs }: LogRow): LogEntry {
  const text = textOf(payload);
  const { json } = parseLenientJson(text);
  const { time, message } = isObject(json) ? json : {};
  const level = topic.slice(topic.lastIndexOf("/") + 1);
  return {
    atMs: typeof time === "number" && Number.isFinite(time) ? time : receivedUs / 1_000,
    level: DEVICE_LOG_LEVELS.find((one) => one === level) ?? "info",
    message: (typeof message === "string" ? message : text).slice(0, LINE_LENGTH_MAX),
  };
}

type LogRow = Pick<StoredMessage, "topic" | "payload" | "receivedUs">;
