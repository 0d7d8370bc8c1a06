import { errorMessage } from "@weir/runtime";

/** The code of a connection that the broker closed without DISCONNECT. */
export const CONNECTION_CLOSED = "ECONNRESET";
/** The codes of sockets that the other side has closed. */
export const CLOSED_CODES: ReadonlySet<unknown> = new Set([CONNECTION_CLOSED, "EPIPE"]);
/** The code of a connection that the other side closed before its TLS handshake was done. */
export const NO_HANDSHAKE = "NO_TLS_HANDSHAKE";

/** From here on a reason code of MQTT 5 reports a failure [MQTT-2.4]; SUBACK grants a QoS below it. */
export const FAILURE_MIN = 0x80;
export const NOT_AUTHORIZED = 0x87;
/** Another client has connected with the same client id. */
export const SESSION_TAKEN_OVER = 0x8e;
export const PACKET_TOO_LARGE = 0x95;

/** What a broker reports: return codes of MQTT 3.1.1 [MQTT-3.2.2.3], reason codes of MQTT 5 [2.4]. */
const REASONS: Readonly<Record<number, string>> = {
  1: "Unacceptable protocol version",
  2: "Identifier rejected",
  3: "Server unavailable",
  4: "Bad username or password",
  5: "Not authorized",
  16: "No matching subscribers",
  17: "No subscription existed",
  128: "Unspecified error",
  129: "Malformed Packet",
  130: "Protocol Error",
  131: "Implementation specific error",
  132: "Unsupported Protocol Version",
  133: "Client Identifier not valid",
  134: "Bad User Name or Password",
  135: "Not authorized",
  136: "Server unavailable",
  137: "Server busy",
  138: "Banned",
  139: "Server shutting down",
  140: "Bad authentication method",
  141: "Keep Alive timeout",
  142: "Session taken over",
  143: "Topic Filter invalid",
  144: "Topic Name invalid",
  145: "Packet Identifier in use",
  146: "Packet Identifier not found",
  147: "Receive Maximum exceeded",
  148: "Topic Alias invalid",
  149: "Packet too large",
  150: "Message rate too high",
  151: "Quota exceeded",
  152: "Administrative action",
  153: "Payload format invalid",
  154: "Retain not supported",
  155: "QoS not supported",
  156: "Use another server",
  157: "Server moved",
  158: "Shared Subscriptions not supported",
  159: "Connection rate exceeded",
  160: "Maximum connect time",
  161: "Subscription Identifiers not supported",
  162: "Wildcard Subscriptions not supported",
};

/** What a return code or a reason code means. */
export function wordsFor(code: number): string {
  return REASONS[code] ?? `reason code ${code}`;
}

/** An error with a code: a number of MQTT, or a name of the operating system. */
export function withCode<C extends number | string>(message: string, code: C): Error & { code: C } {
  return Object.assign(new Error(message), { code });
}

/** The `code` of an error; `null` where it has none. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : null;
}

/** The end of a connection: by DISCONNECT with a reason code, or without one. */
export function endOf(code: number | typeof CONNECTION_CLOSED): Error {
  if (code === CONNECTION_CLOSED) return withCode("the broker closed the connection", code);
  if (code === SESSION_TAKEN_OVER) return withCode("another client has the same client id", code);
  return withCode(`the broker ended the connection: ${wordsFor(code)}`, code);
}

export const BATCH_REFUSED = "BATCH_REFUSED";

/** The end of a connection whose `onBatch` has thrown. */
export function refusedBatch(cause: unknown): Error {
  const error = withCode(`messages could not be taken: ${errorMessage(cause)}`, BATCH_REFUSED);
  return Object.assign(error, { cause });
}

const VIOLATION_CODES = { malformed: 0x81, protocol: 0x82, tooLarge: PACKET_TOO_LARGE } as const;

/**
 * The broker has sent what the standard forbids, and the connection ends [MQTT-4.13.1-1]. DISCONNECT
 * brings the code to an MQTT 5 broker.
 */
export class Violation extends Error {
  readonly code: number;

  constructor(kind: keyof typeof VIOLATION_CODES, words: string) {
    super(`the broker broke the protocol: ${words}`);
    this.code = VIOLATION_CODES[kind];
  }
}
