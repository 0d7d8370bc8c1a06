import { errorCode, errorMessage } from "@weir/runtime";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Shortfall } from "./shortfalls.ts";
import { tlsFailure } from "./tls.ts";

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

/** What a broker may say: return codes of MQTT 3.1.1 [MQTT-3.2.2.3], reason codes of MQTT 5 [2.4]. */
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

/** MQTT 5's reason codes from here on say that something has failed [MQTT-2.4]. */
const REFUSED_FROM = 0x80;

/** Whether the broker has answered that it will not have a message. After any other error nobody knows what became of it. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "number" && code >= REFUSED_FROM;
}

/**
 * Watches for another client with the same client id: each ends the connection of the other, for ever.
 * MQTT 5 brokers say it; others hang up, so several short connections in a row are taken for the same.
 */
interface Takeovers {
  /** Notes the end of a connection that was usable for `heldMs`. Returns whether it was a takeover. */
  ended(reason: unknown, heldMs: number): boolean;
  /** The connection holds for `heldMs`. */
  holds(heldMs: number): void;
  /** What to say of an end instead of what its reason says; `null` if it was no takeover. */
  outage(): Outage | null;
  /** What to show of it while connected. */
  shortfalls(): Shortfall[];
  /** How much longer to wait before the next attempt, asked once behind each end, so that the two do not throw each other out all the time. */
  waitMs(random: number): number;
}

/** Beside the usual wait: for a minute at most, half of it in the mean. */
const BACKOFF: Backoff = { baseMs: 1_000, capMs: 60_000 };
/** So many connections that the broker ends without a word, each within `SHORT_MS`, look like takeovers. */
const SHORT_MIN = 3;
const SHORT_MS = 10_000;
/** A connection that holds for so long has nobody against it: longer than two clients that wait for each other. */
const UNDISTURBED_MS = 120_000;

/** @param setting the setting that holds the client id; `null` where there is none. */
export function createTakeovers(clientId: string, setting: string | null): Takeovers {
  /** Takeovers in this dispute, and connections in a row that were ended soon and without a word. */
  let count = 0;
  let short = 0;
  let wasTakeover = false;
  let isTold = false;

  function describe(): Outage {
    const remedy =
      setting === null
        ? "Give one of the two another client id."
        : `Does it run twice? Give one of the two another client id: ${setting}.`;
    const reason = isTold
      ? `another client has the same client id ${clientId}`
      : `the broker ends each connection soon and without a word; perhaps another client has the same client id ${clientId}`;
    return { reason, remedy };
  }

  function holds(heldMs: number): void {
    if (heldMs < UNDISTURBED_MS) return;
    count = 0;
    short = 0;
  }

  return {
    ended: (reason, heldMs) => {
      holds(heldMs);
      const code = codeOf(reason);
      short = code === HUNG_UP && heldMs < SHORT_MS ? short + 1 : 0;
      wasTakeover = code === SESSION_TAKEN_OVER || short >= SHORT_MIN;
      if (!wasTakeover) return false;
      isTold = code === SESSION_TAKEN_OVER;
      count += 1;
      return true;
    },
    holds,
    outage: () => (wasTakeover ? describe() : null),
    shortfalls: () => {
      if (count === 0) return [];
      const { reason, remedy } = describe();
      return [{ kind: "client id", reason: `${reason} (${count} times). ${remedy}` }];
    },
    waitMs: (random) => {
      if (!wasTakeover) return 0;
      wasTakeover = false;
      return backoffMs(BACKOFF, count - 1, random);
    },
  };
}
