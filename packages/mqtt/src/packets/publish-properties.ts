import { isUtf8 } from "node:buffer";
import { type Request, request } from "../connection/connection.ts";
import { isViolation } from "./errors.ts";
import { createVarIntReader, uint16At } from "./packet-parser.ts";

/** Steps over the properties of a PUBLISH; keeps its subscription identifiers, and what makes it a request. */
interface PublishProperties {
  /** The identifiers in the properties that were read last. */
  subscriptions: readonly number[];
  /** What they say of an answer; the bytes are those that were read. */
  request: Request;
  /** They are not what MQTT 5 allows. What was read before the flaw counts. */
  isFlawed: boolean;
  /**
   * Where the payload begins, if the properties begin at `start` and the packet ends at `end`: at
   * `start` where their length is wrong.
   */
  skip(bytes: Buffer, start: number, end: number): number;
}

export const NO_SUBSCRIPTIONS: readonly number[] = Object.freeze([]);
/** Of nearly all messages. */
export const NO_REQUEST: Request = Object.freeze({});

// [MQTT-3.3.2.3], with what stands behind the identifier: a number of bytes, or strings.
const FIXED_BYTES = new Map([
  [0x01, 1], // payload format indicator
  [0x02, 4], // message expiry interval
]);
const STRINGS = new Map([
  [0x03, 1], // content type
  [0x08, 1], // response topic
  [0x09, 1], // correlation data
  [0x26, 2], // user property: name and value
]);
/** Ends the reading of properties. */
const FLAWED = new Error("flawed properties");

const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/** Identifiers that come alone, as nearly all do, share one list as long as no other one takes its place. */
const LISTS_MAX = 1_024;

export function createPublishProperties(): PublishProperties {
  const varInt = createVarIntReader();
  const lists: (readonly number[] | undefined)[] = new Array(LISTS_MAX).fill(undefined);
  let limit = 0;
  /** A bit for each property that may come once. */
  let seen = 0;

  /** Behind one property, which begins at `at`. */
  function skipOne(bytes: Buffer, at: number): number {
    const identifier = integer(bytes, at);
    if (identifier === SUBSCRIPTION_IDENTIFIER) return addSubscription(bytes, varInt.end);
    // This client allows none. A message that has a topic, too, needs none.
    if (identifier === TOPIC_ALIAS) throw FLAWED;
    const fixedBytes = FIXED_BYTES.get(identifier);
    const strings = STRINGS.get(identifier);
    if (fixedBytes === undefined && strings === undefined) throw FLAWED;
    if (identifier !== USER_PROPERTY) noteOnce(identifier);
    if (fixedBytes !== undefined) return within(varInt.end + fixedBytes);
    const start = varInt.end;
    const behind = skipStrings(bytes, start, strings);
    if (identifier === RESPONSE_TOPIC || identifier === CORRELATION_DATA) {
      addToRequest(identifier, bytes.subarray(start + 2, behind));
    }
    return behind;
  }

  function addToRequest(identifier: number, content: Buffer): void {
    if (identifier === CORRELATION_DATA) {
      properties.request = { ...properties.request, correlationData: content };
    } else if (isUtf8(content)) {
      properties.request = {
        ...properties.request,
        ...request({ responseTopic: content.toString() }),
      };
    }
  }

  /** All that come once at most [MQTT-2.2.2.2] have numbers below 32. */
  function noteOnce(identifier: number): void {
    const bit = 1 << identifier;
    if ((seen & bit) !== 0) throw FLAWED;
    seen |= bit;
  }

  function skipStrings(bytes: Buffer, at: number, count = 0): number {
    let behind = at;
    for (let n = 0; n < count; n += 1) {
      within(behind + 2);
      behind = within(behind + 2 + uint16At(bytes, behind));
    }
    return behind;
  }

  function addSubscription(bytes: Buffer, at: number): number {
    const identifier = integer(bytes, at);
    // [MQTT-3.3.2.3.8]
    if (identifier === 0) throw FLAWED;
    properties.subscriptions =
      properties.subscriptions === NO_SUBSCRIPTIONS
        ? listOf(identifier)
        : [...properties.subscriptions, identifier];
    return varInt.end;
  }

  function listOf(identifier: number): readonly number[] {
    const place = identifier % LISTS_MAX;
    const known = lists[place];
    if (known !== undefined && known[0] === identifier) return known;
    const list = Object.freeze([identifier]);
    lists[place] = list;
    return list;
  }

  function integer(bytes: Buffer, at: number): number {
    const value = varInt.read(bytes, at, limit);
    if (value === null) throw FLAWED;
    return value;
  }

  function within(behind: number): number {
    if (behind > limit) throw FLAWED;
    return behind;
  }

  const properties: PublishProperties = {
    subscriptions: NO_SUBSCRIPTIONS,
    request: NO_REQUEST,
    isFlawed: false,
    skip: (bytes, start, end) => {
      properties.subscriptions = NO_SUBSCRIPTIONS;
      properties.request = NO_REQUEST;
      properties.isFlawed = false;
      let payload = start;
      try {
        limit = end;
        const length = integer(bytes, start);
        let at = varInt.end;
        limit = within(at + length);
        payload = limit;
        seen = 0;
        while (at < limit) at = skipOne(bytes, at);
      } catch (error) {
        if (error !== FLAWED && !(error instanceof Error && isViolation(error))) throw error;
        properties.isFlawed = true;
      }
      return payload;
    },
  };
  return properties;
}
