import { errorCode, errorMessage } from "@weir/fault";
import { REASONS } from "./reason-codes.ts";
import { tlsFailure } from "./tls-failure.ts";

/** The code of a connection that the broker closed without a word. */
export const HUNG_UP = "ECONNRESET";
/** MQTT 5's reason code for "not authorized". */
export const REFUSED_USER = 0x87;

const BATCH_REFUSED = "BATCH_REFUSED";
/** MQTT 5's reason code for a client whose id another one has used to connect. */
export const SESSION_TAKEN_OVER = 0x8e;
// CONNACK: return codes of MQTT 3.1.1 and reason codes of MQTT 5 for credentials and permissions.
const REFUSED_USER_CODES: ReadonlySet<unknown> = new Set([4, 5, 0x86, REFUSED_USER]);

/** Why there is no connection, and what the operator can do about it. */
export interface Outage {
  reason: string;
  remedy: string;
}

/** An error with a code: a number of MQTT's, or a name of the operating system's. */
export function withCode<C extends number | string>(message: string, code: C): Error & { code: C } {
  return Object.assign(new Error(message), { code });
}

/** The end of a connection: by DISCONNECT with a reason code, or without a word. */
export function endOf(code: number | typeof HUNG_UP): Error {
  if (code === HUNG_UP) return withCode("the broker closed the connection", code);
  if (code === SESSION_TAKEN_OVER) return withCode("another client has the same client id", code);
  return withCode(`the broker ended the connection: ${wordsFor(code)}`, code);
}

/** What a return code of MQTT 3.1.1 or a reason code of MQTT 5 means. */
export function wordsFor(code: number): string {
  return REASONS[code] ?? `reason code ${code}`;
}

/** The end of a connection whose owner could not take a batch. */
export function refusedBatch(fault: unknown): Error {
  const error = withCode(`messages could not be taken: ${errorMessage(fault)}`, BATCH_REFUSED);
  error.cause = fault;
  return error;
}

export function describeOutage(error: unknown): Outage {
  const code = codeOf(error);
  // An error of several addresses has no message of its own.
  const reason = errorMessage(error) || (errorCode(error) ?? "no answer");
  return tlsFailure(code, reason) ?? { reason, remedy: remedyFor(code) };
}

function remedyFor(code: unknown): string {
  if (REFUSED_USER_CODES.has(code)) {
    return "It does not accept this user: check BROKER_USERNAME and BROKER_PASSWORD, and what the broker allows them.";
  }
  if (code === BATCH_REFUSED) return "They are not acknowledged: the broker sends them again.";
  return "Is it running, and is BROKER right?";
}

const UNREACHED: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** Whether a connection failed before anything was sent. */
export function isUnreached(error: unknown): boolean {
  return UNREACHED.has(codeOf(error));
}

/** The `code` of an error, whatever it is. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : null;
}
