import { isUtf8 } from "node:buffer";
import { type Observed, observedAt, parseLenientJson, textOf } from "@weir/protocol";

/** A stored message, as far as families read it. Times in microseconds since the epoch. */
export interface SourceMessage {
  topic: string;
  payload: Buffer;
  receivedUs: number;
  /** The broker had kept it: it is not a new reading. */
  retained: boolean;
  /** The time that the stream's decoder found in the payload; `null` for none. */
  observedUs: number | null;
}

/** What reading depends on beside the message. */
export interface ReadingRules {
  /** How far ahead of reception an observation may lie before its time is replaced, in microseconds. */
  skewUs: number;
  /** The IANA name of the zone of times without a zone; `null` to use the time of reception instead. */
  timeZone: string | null;
}

/** A payload of an encoding that needs a schema: what it holds, as JSON would have it, or why that is not known. */
export type Document = { value: unknown } | { problem: string };

const NO_ZONE = "time without a zone";
/** The zones furthest ahead of UTC are 14 hours ahead. */
const ZONES_AHEAD_US = 14 * 3_600_000_000;

/** A message whose payload is parsed once, whichever families look at it. */
export class Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly receivedUs: number;
  readonly retained: boolean;
  readonly storedUs: number | null;
  readonly #rules: ReadingRules;
  readonly #document: ((payload: Buffer) => Document) | null;
  #text: string | null | undefined;
  #json: { value: unknown } | null = null;
  #decoded: Document | null = null;

  /** @param document decodes the payloads of an encoding that needs a schema; `null` for JSON. */
  constructor(
    source: SourceMessage,
    rules: ReadingRules,
    document: ((payload: Buffer) => Document) | null,
  ) {
    this.topic = source.topic;
    this.payload = source.payload;
    this.receivedUs = source.receivedUs;
    this.retained = source.retained;
    this.storedUs = source.observedUs;
    this.#rules = rules;
    this.#document = document;
  }

  /** The payload as text; `null` where it is not UTF-8. */
  get text(): string | null {
    if (this.#text === undefined) {
      const text = textOf(this.payload);
      // Bytes that are not UTF-8 leave this character.
      this.#text = text.includes("\uFFFD") && !isUtf8(this.payload) ? null : text;
    }
    return this.#text;
  }

  /** The payload's JSON, NaN and infinities as `null`; `undefined` where it is none. */
  get json(): unknown {
    this.#json ??= { value: this.#parse() };
    return this.#json.value;
  }

  /** Why a payload that needs a schema could not be decoded; `null` where it was, and for JSON. */
  get problem(): string | null {
    if (this.#document === null) return null;
    this.#decoded ??= this.#document(this.payload);
    return "problem" in this.#decoded ? this.#decoded.problem : null;
  }

  /** The payload's JSON object; `null` where it is anything else. */
  get object(): Readonly<Record<string, unknown>> | null {
    return recordOf(this.json);
  }

  /**
   * The time that a payload gives, in any of the forms of docs/reference/decoders.md.
   *
   * @returns `null` for a time that cannot be used: unreadable, before 2001, ahead of reception, or without a zone
   *   where the stream names none.
   */
  timeOf(given: unknown): number | null {
    const { observedUs, outcome } = this.#observed(given);
    if (outcome.reason === "") return observedUs;
    if (outcome.reason === NO_ZONE && this.#rules.timeZone !== null) return observedUs;
    return null;
  }

  /** Why `timeOf` does not use a time, in words for a user. */
  timeProblemOf(given: unknown): string {
    const { skewUs, timeZone } = this.#rules;
    // Read in UTC, a local time east of Greenwich lies ahead of reception.
    const ahead = this.#observed(given, skewUs + ZONES_AHEAD_US).outcome.reason;
    if (timeZone === null && ahead === NO_ZONE) return `${NO_ZONE}: name the stream's timeZone`;
    return this.#observed(given).outcome.reason;
  }

  #observed(given: unknown, skewUs: number = this.#rules.skewUs): Observed {
    const { timeZone } = this.#rules;
    const { receivedUs } = this;
    return observedAt(given, { receivedUs, skewUs, ...(timeZone === null ? {} : { timeZone }) });
  }

  #parse(): unknown {
    if (this.#document !== null) {
      this.#decoded ??= this.#document(this.payload);
      return "value" in this.#decoded ? (this.#decoded.value ?? null) : undefined;
    }
    const { text } = this;
    if (text === null) return undefined;
    return parseLenientJson(text).json;
  }
}

/** The value as an object with keys; `null` for arrays and all else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
