import { isUtf8 } from "node:buffer";
import { byteAt, uint16At, varIntAt, varIntEnd } from "./bytes.ts";
import { Violation } from "./errors.ts";
import { type Request, request } from "./message.ts";

export const NO_SUBSCRIPTIONS: readonly number[] = Object.freeze([]);
/** Of nearly all messages. */
export const NO_REQUEST: Request = Object.freeze({});

const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const USER_PROPERTY = 0x26;

// What follows a property's identifier [MQTT-3.3.2.3]: a number of bytes, or strings. A topic alias
// (0x23) is missing: this client allows none, and a message with a topic needs none.
const FIXED_BYTES = new Map([
  [0x01, 1], // payload format indicator
  [0x02, 4], // message expiry interval
]);
const STRINGS = new Map([
  [0x03, 1], // content type
  [RESPONSE_TOPIC, 1],
  [CORRELATION_DATA, 1],
  [USER_PROPERTY, 2], // name and value
]);

/** Ends the reading of properties. */
const FLAWED = new Error("flawed properties");

/** Messages with one identifier, as nearly all, share one list as long as no other takes its place. */
const LISTS_MAX = 1_024;

/** Reads the properties of PUBLISH packets, one packet after the other. */
export class PublishProperties {
  /** The subscription identifiers in the properties that were read last. */
  subscriptions: readonly number[] = NO_SUBSCRIPTIONS;
  /** The request in them; its bytes are those that were read. */
  request: Request = NO_REQUEST;
  /** MQTT 5 does not allow them. What was read before the flaw counts. */
  isFlawed = false;

  readonly #lists: (readonly number[] | undefined)[] = new Array(LISTS_MAX).fill(undefined);
  /** A bit for each property that may occur only once. */
  #seen = 0;

  /**
   * Reads properties that begin at `start`, in a packet that ends at `end`.
   *
   * @returns where the payload begins: at `start` where the length of the properties is wrong.
   */
  read(bytes: Buffer, start: number, end: number): number {
    this.subscriptions = NO_SUBSCRIPTIONS;
    this.request = NO_REQUEST;
    this.isFlawed = false;
    this.#seen = 0;
    let payload = start;
    try {
      const length = integerAt(bytes, start, end);
      let at = varIntEnd(bytes, start);
      payload = within(at + length, end);
      while (at < payload) at = this.#readOne(bytes, at, payload);
    } catch (error) {
      if (error !== FLAWED && !(error instanceof Violation)) throw error;
      this.isFlawed = true;
    }
    return payload;
  }

  /** Reads one property; returns where it ends. */
  #readOne(bytes: Buffer, at: number, limit: number): number {
    // All known identifiers have one byte [MQTT-2.2.2.2].
    const identifier = byteAt(bytes, at);
    const start = at + 1;
    if (identifier === SUBSCRIPTION_IDENTIFIER) {
      this.#addSubscription(integerAt(bytes, start, limit));
      return varIntEnd(bytes, start);
    }
    const fixedBytes = FIXED_BYTES.get(identifier);
    const strings = STRINGS.get(identifier);
    if (identifier !== USER_PROPERTY) this.#noteOnce(identifier);
    if (fixedBytes !== undefined) return within(start + fixedBytes, limit);
    if (strings === undefined) throw FLAWED;
    let end = start;
    for (let n = 0; n < strings; n += 1) {
      within(end + 2, limit);
      end = within(end + 2 + uint16At(bytes, end), limit);
    }
    if (identifier === RESPONSE_TOPIC || identifier === CORRELATION_DATA) {
      this.#addToRequest(identifier, bytes.subarray(start + 2, end));
    }
    return end;
  }

  #addToRequest(identifier: number, content: Buffer): void {
    if (identifier === CORRELATION_DATA) {
      this.request = { ...this.request, correlationData: content };
    } else if (isUtf8(content)) {
      this.request = { ...this.request, ...request({ responseTopic: content.toString() }) };
    }
  }

  /** Those that may occur only once [MQTT-2.2.2.2] have identifiers below 32. */
  #noteOnce(identifier: number): void {
    const bit = 1 << identifier;
    if ((this.#seen & bit) !== 0) throw FLAWED;
    this.#seen |= bit;
  }

  #addSubscription(identifier: number): void {
    // [MQTT-3.3.2.3.8]
    if (identifier === 0) throw FLAWED;
    const list = this.#listOf(identifier);
    this.subscriptions =
      this.subscriptions === NO_SUBSCRIPTIONS ? list : [...this.subscriptions, identifier];
  }

  #listOf(identifier: number): readonly number[] {
    const place = identifier % LISTS_MAX;
    const known = this.#lists[place];
    if (known !== undefined && known[0] === identifier) return known;
    const list = Object.freeze([identifier]);
    this.#lists[place] = list;
    return list;
  }
}

function integerAt(bytes: Buffer, at: number, limit: number): number {
  const value = varIntAt(bytes, at, limit);
  if (value === null) throw FLAWED;
  return value;
}

function within(end: number, limit: number): number {
  if (end > limit) throw FLAWED;
  return end;
}
