import type { Flaw, ReceivedMessage } from "@weir/mqtt";
import { type DecodeTimes, outcomeOf } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import {
  type Exchanges,
  type Filed,
  type NewRow,
  packetDigest,
  type StreamStore,
} from "@weir/store";
import { type Decoder, openDecoder, type StreamConfig } from "@weir/streams";
import { type CodeFilter, openCodeFilter } from "../code-filter.ts";
import { countCommit, createStreamCounts, type StreamCounts } from "./counts.ts";

/** One log: what is taken, how it is read, where it is kept. */
export interface Stream {
  readonly config: StreamConfig;
  readonly store: StreamStore;
  readonly counts: StreamCounts;
  /**
   * Takes a message along to the next commit. Its payload must stay as it is until then.
   *
   * @param session whose packet id it has, if it is of QoS 2.
   */
  take(message: ReceivedMessage, session: string): void;
  /** Takes the release of packet ids along to the next commit. @returns whether one is needed. */
  release(packetIds: readonly number[], session: string): boolean;
  /** Has the next commit forget which packet ids were open: the session is new. @returns whether one is needed. */
  beginSession(session: string): boolean;
  /**
   * Decodes and writes what was taken, in one transaction.
   *
   * @returns the publishers with an outbox whose messages are committed now, or had been before, and how many they are.
   * @throws Fault when it cannot be written; nothing of it is stored then.
   */
  commit(receivedUs: number): ReadonlyMap<string, number>;
  /** Forgets what was taken and is not committed. */
  leave(): void;
  /** Goes on by another configuration of the same place. */
  reconfigure(changed: StreamReading): void;
}

/** How a stream reads its messages: what can be changed while it runs. */
interface StreamReading {
  config: StreamConfig;
  decode: Decoder;
  /** `null` when the stream has no code filter. */
  filter: CodeFilter | null;
}

interface StreamOptions extends StreamReading {
  store: StreamStore;
  clock: Clock;
  /** How far ahead of reception an observation may lie before its time is not believed. */
  skewUs: number;
}

const RETAINED = outcomeOf("retained").code;
const DELETED = outcomeOf("empty message").code;
const FILTER_FAILED = outcomeOf("the filter failed").code;
const FLAWS: Record<Flaw, number> = {
  topic: outcomeOf("topic not allowed by MQTT: stored escaped").code,
  packet: outcomeOf("packet not allowed by MQTT").code,
};
const NANOSECONDS_PER_MS = 1e6;

/** What the messages of QoS 2 since the last commit ask for. */
interface OpenExchanges {
  session: string;
  released: number[];
  opened: Exchanges["opened"][number][];
}

export function createStream(options: StreamOptions): Stream {
  const { store, clock, skewUs } = options;
  const counts = createStreamCounts();
  let { config, decode, filter } = options;
  let taken: ReceivedMessage[] = [];
  let exchanges: OpenExchanges | null = null;
  /** The session that is new, until a commit has noted it. */
  let newSession: string | null = null;

  function toRow(message: ReceivedMessage, times: DecodeTimes): NewRow {
    const row = filter === null ? plainRow(message, times) : filteredRow(message, filter, times);
    // What the broker has kept is no news: no statistics count it.
    const marked =
      message.retained && config.retained === "mark" && row.outcome !== DELETED
        ? { ...row, outcome: RETAINED, value: null, observedUs: null }
        : row;
    return message.flaw === undefined ? marked : { ...marked, outcome: FLAWS[message.flaw] };
  }

  function exchangesIn(session: string): OpenExchanges {
    exchanges ??= { session, released: [], opened: [] };
    return exchanges;
  }

  function takeExchanges(): Exchanges | null {
    if (exchanges === null && newSession === null) return null;
    const { session, released, opened } = exchangesIn(newSession ?? "");
    exchanges = null;
    return { session, isNew: newSession === session, released, opened };
  }

  function plainRow(message: ReceivedMessage, times: DecodeTimes): NewRow {
    const { outcome, value, observedUs, sequence } = decode(message, times);
    return {
      receivedUs: times.receivedUs,
      topic: message.topic,
      payload: message.payload,
      qos: message.qos,
      retained: message.retained,
      outcome: outcome.code,
      value,
      observedUs,
      sequence,
      isFiltered: false,
    };
  }

  /** The place in a sequence is read from what came, whatever the filter makes of it: the sender must get its receipt. */
  function filteredRow(message: ReceivedMessage, ask: CodeFilter, times: DecodeTimes): NewRow {
    const row = plainRow(message, times);
    const verdict = ask(message, times.receivedUs);
    switch (verdict.kind) {
      case "keep":
        return row;
      case "drop":
        return { ...row, isFiltered: true };
      case "failed":
        return { ...row, outcome: FILTER_FAILED };
      case "changed": {
        const { payload } = verdict;
        return { ...plainRow({ ...message, payload }, times), sequence: row.sequence };
      }
    }
  }

  return {
    get config() {
      return config;
    },
    store,
    counts,
    take: (message, session) => {
      if (message.retained && config.retained === "skip") {
        counts.skipped += 1;
        return;
      }
      const { packetId } = message;
      if (packetId !== undefined) {
        const opened = { index: taken.length, packetId, digest: packetDigest(message) };
        exchangesIn(session).opened.push(opened);
      }
      taken.push(message);
    },
    release: (packetIds, session) => {
      if (!store.openPackets.hasAny(session, packetIds)) return false;
      exchangesIn(session).released.push(...packetIds);
      return true;
    },
    beginSession: (session) => {
      newSession = store.openPackets.isEmpty() ? null : session;
      return newSession !== null;
    },
    commit: (receivedUs) => {
      const exchanged = takeExchanges();
      if (taken.length === 0 && exchanged === null) return NOBODY;
      const startMs = clock.monotonic();
      const times = { receivedUs, skewUs, timeZone: config.timeZone };
      const messages = taken;
      taken = [];
      const rows = messages.map((message) => toRow(message, times));
      const appendMs = clock.monotonic();
      const { filed } = store.append(rows, exchanged);
      newSession = null;
      const endMs = clock.monotonic();
      countCommit(counts, { rows, filed, receivedUs });
      counts.commitNs.record(Math.max(1, Math.round((endMs - appendMs) * NANOSECONDS_PER_MS)));
      counts.busyMs += endMs - startMs;
      return publishersOf(rows, filed);
    },
    leave: () => {
      if (taken.length > 0) taken = [];
      exchanges = null;
      store.release();
    },
    reconfigure: (changed) => {
      ({ config, decode, filter } = changed);
    },
  };
}

const NOBODY: ReadonlyMap<string, number> = new Map();

/** A message that names another publisher than its topic's device is none of that publisher's. */
function publishersOf(
  rows: readonly NewRow[],
  filed: readonly Filed[],
): ReadonlyMap<string, number> {
  const publishers = new Map<string, number>();
  // Messages come in trains of one publisher.
  let publisher = "";
  let train = 0;
  const note = (): void => {
    if (train > 0) publishers.set(publisher, (publishers.get(publisher) ?? 0) + train);
  };
  for (let index = 0; index < rows.length; index += 1) {
    const { sequence } = rows[index] as NewRow;
    if (sequence === null || filed[index] === "foreign") continue;
    if (sequence.publisher !== publisher) {
      note();
      ({ publisher } = sequence);
      train = 0;
    }
    train += 1;
  }
  note();
  return publishers;
}

/** @throws Fault when the stream's decoder or its code filter cannot be used. */
export async function openReading(
  config: StreamConfig,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<StreamReading> {
  const { name: stream, decoder, filterFile: file } = config;
  const decode = openDecoder(decoder, (problem) => logger.warn({ stream }, problem));
  const warn = logger.warn.bind(logger);
  const filter = file === null ? null : await openCodeFilter({ stream, file, clock, warn });
  return { config, decode, filter };
}
