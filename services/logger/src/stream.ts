import { createHistogram } from "node:perf_hooks";
import type { Flaw, ReceivedMessage } from "@weir/mqtt";
import { type Decoder, type DecodeTimes, outcomeOf } from "@weir/protocol";
import type { Clock, Logger } from "@weir/runtime";
import {
  type Exchanges,
  type Filed,
  type NewRow,
  packetDigest,
  type StreamStore,
} from "@weir/store";
import { openDecoder, type StreamConfig } from "@weir/streams";
import { type CodeFilter, openCodeFilter } from "./code-filter.ts";

/** How a stream reads its messages: what can be changed while it runs. */
interface StreamReading {
  config: StreamConfig;
  decode: Decoder;
  /** `null` when the stream has no code filter. */
  filter: CodeFilter | null;
}

/** What the messages of QoS 2 since the last commit ask for. */
interface OpenExchanges {
  session: string;
  released: number[];
  opened: Exchanges["opened"][number][];
}

const RETAINED = outcomeOf("retained").code;
const DELETED = outcomeOf("empty message").code;
const FILTER_FAILED = outcomeOf("the filter failed").code;
const FLAWS: Record<Flaw, number> = {
  topic: outcomeOf("topic not allowed by MQTT: stored escaped").code,
  packet: outcomeOf("packet not allowed by MQTT").code,
};
const NANOSECONDS_PER_MS = 1e6;
const NO_PUBLISHERS: ReadonlyMap<string, number> = new Map();

/** One log: which messages it takes, how it reads them, where it keeps them. */
export class Stream {
  readonly store: StreamStore;
  readonly counts = createStreamCounts();
  readonly #clock: Clock;
  readonly #skewUs: number;
  #reading: StreamReading;
  #taken: ReceivedMessage[] = [];
  #exchanges: OpenExchanges | null = null;
  /** The session that is new, until a commit has noted it. */
  #newSession: string | null = null;

  /** @param options `skewUs`: how far ahead of reception an observation may lie before its time is replaced. */
  constructor(options: StreamReading & { store: StreamStore; clock: Clock; skewUs: number }) {
    const { config, decode, filter } = options;
    this.store = options.store;
    this.#clock = options.clock;
    this.#skewUs = options.skewUs;
    this.#reading = { config, decode, filter };
  }

  get config(): StreamConfig {
    return this.#reading.config;
  }

  /** Continues with another configuration of the same place. */
  reconfigure(changed: StreamReading): void {
    this.#reading = changed;
  }

  /**
   * Takes a message into the next commit. Its payload must not change until then.
   *
   * @param session whose packet id the message has, if it is of QoS 2.
   */
  take(message: ReceivedMessage, session: string): void {
    if (message.retained && this.#reading.config.retained === "skip") {
      this.counts.skipped += 1;
      return;
    }
    const { packetId } = message;
    if (packetId !== undefined) {
      const opened = { index: this.#taken.length, packetId, digest: packetDigest(message) };
      this.#exchangesIn(session).opened.push(opened);
    }
    this.#taken.push(message);
  }

  /** Takes the release of packet ids into the next commit. @returns whether a commit is needed. */
  release(packetIds: readonly number[], session: string): boolean {
    if (!this.store.openPackets.hasAny(session, packetIds)) return false;
    this.#exchangesIn(session).released.push(...packetIds);
    return true;
  }

  /** The session is new: the next commit forgets its open packet ids. @returns whether a commit is needed. */
  beginSession(session: string): boolean {
    this.#newSession = this.store.openPackets.isEmpty() ? null : session;
    return this.#newSession !== null;
  }

  /**
   * Decodes and writes what was taken, in one transaction.
   *
   * @returns the publishers with an outbox whose messages are committed now or had been before, and how
   *   many messages these are.
   * @throws Fault when the store cannot be written; then nothing of it is stored.
   */
  commit(receivedUs: number): ReadonlyMap<string, number> {
    const exchanges = this.#takeExchanges();
    const messages = this.#taken;
    if (messages.length === 0 && exchanges === null) return NO_PUBLISHERS;
    this.#taken = [];
    const { counts } = this;
    const startMs = this.#clock.monotonic();
    const { timeZone } = this.#reading.config;
    const times = { receivedUs, skewUs: this.#skewUs, timeZone: timeZone ?? "UTC" };
    const rows = messages.map((message) => this.#toRow(message, times));
    const appendMs = this.#clock.monotonic();
    const { filed } = this.store.append(rows, exchanges);
    this.#newSession = null;
    const endMs = this.#clock.monotonic();
    countCommit(counts, rows, filed);
    counts.commitNs.record(Math.max(1, Math.round((endMs - appendMs) * NANOSECONDS_PER_MS)));
    counts.busyMs += endMs - startMs;
    return publishersOf(rows, filed);
  }

  /** Ends a batch: drops what was taken and is not committed. */
  leave(): void {
    if (this.#taken.length > 0) this.#taken = [];
    this.#exchanges = null;
    this.store.release();
  }

  #exchangesIn(session: string): OpenExchanges {
    this.#exchanges ??= { session, released: [], opened: [] };
    return this.#exchanges;
  }

  #takeExchanges(): Exchanges | null {
    const isNew = this.#newSession !== null;
    if (this.#exchanges === null && !isNew) return null;
    const { session, released, opened } = this.#exchangesIn(this.#newSession ?? "");
    this.#exchanges = null;
    return { session, isNew: this.#newSession === session, released, opened };
  }

  #toRow(message: ReceivedMessage, times: DecodeTimes): NewRow {
    const { config, filter } = this.#reading;
    const row =
      filter === null ? this.#plainRow(message, times) : this.#filteredRow(message, filter, times);
    // A retained message is no new reading: it has no value, so that no statistics count it.
    const marked =
      message.retained && config.retained === "mark" && row.outcome !== DELETED
        ? { ...row, outcome: RETAINED, value: null, observedUs: null }
        : row;
    return message.flaw === undefined ? marked : { ...marked, outcome: FLAWS[message.flaw] };
  }

  #plainRow(message: ReceivedMessage, times: DecodeTimes): NewRow {
    const { outcome, value, observedUs, sequence } = this.#reading.decode(message, times);
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

  /** Reads the sequence from the message as it came, whatever the filter returns: the sender needs its receipt. */
  #filteredRow(message: ReceivedMessage, filter: CodeFilter, times: DecodeTimes): NewRow {
    const row = this.#plainRow(message, times);
    const verdict = filter(message, times.receivedUs);
    if (verdict === "keep") return row;
    if (verdict === "drop") return { ...row, isFiltered: true };
    if (verdict === "failed") return { ...row, outcome: FILTER_FAILED };
    const changed = this.#plainRow({ ...message, payload: verdict }, times);
    return { ...changed, sequence: row.sequence };
  }
}

/** A message that names another publisher than its topic's device counts for no publisher. */
function publishersOf(
  rows: readonly NewRow[],
  filed: readonly Filed[],
): ReadonlyMap<string, number> {
  const publishers = new Map<string, number>();
  // Messages of one publisher often come in a row, so the map is written once for each row of them.
  let publisher = "";
  let inARow = 0;
  const note = (): void => {
    if (inARow > 0) publishers.set(publisher, (publishers.get(publisher) ?? 0) + inARow);
  };
  for (let index = 0; index < rows.length; index += 1) {
    const { sequence } = rows[index] as NewRow;
    if (sequence === null || filed[index] === "foreign") continue;
    if (sequence.publisher !== publisher) {
      note();
      ({ publisher } = sequence);
      inARow = 0;
    }
    inARow += 1;
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

/** What became of a stream's messages, since the start of the process. */
export type StreamCounts = ReturnType<typeof createStreamCounts>;

function createStreamCounts() {
  return {
    messages: 0,
    bytes: 0,
    /** Retained messages that the stream does not want. */
    skipped: 0,
    prunedRows: 0,
    prunedFiles: 0,
    rotations: 0,
    /** Segments that could not be started; each is tried again. */
    failedRotations: 0,
    /** Messages by what the ledger says of them. */
    filed: { new: 0, duplicate: 0, "beyond limits": 0, foreign: 0, unsequenced: 0, filtered: 0 },
    /** Rows written, by the code of their outcome. */
    outcomes: new Map<number, number>(),
    /** Time that decoding and committing took, in milliseconds. */
    busyMs: 0,
    /** How long the commits of the current interval took, in nanoseconds. */
    commitNs: createHistogram(),
    /** Age of the newest reading when it arrived, in microseconds; `null` before there is one. */
    lagUs: null as number | null,
  };
}

const VALID = outcomeOf("").code;

/** Counts the rows of a commit. It runs for every message, so it allocates nothing. */
function countCommit(counts: StreamCounts, rows: readonly NewRow[], filed: readonly Filed[]): void {
  // Most rows have the outcome of the one before: these are added together.
  let code: number = VALID;
  let alike = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as NewRow;
    const became = filed[index] as Filed;
    counts.bytes += row.payload.length;
    counts.filed[became] += 1;
    if (became === "duplicate" || became === "filtered") continue;
    if (row.observedUs !== null) counts.lagUs = row.receivedUs - row.observedUs;
    if (row.outcome !== code) {
      addOutcome(counts, code, alike);
      code = row.outcome;
      alike = 0;
    }
    alike += 1;
  }
  addOutcome(counts, code, alike);
  counts.messages += rows.length;
}

function addOutcome({ outcomes }: StreamCounts, code: number, count: number): void {
  if (count > 0) outcomes.set(code, (outcomes.get(code) ?? 0) + count);
}
