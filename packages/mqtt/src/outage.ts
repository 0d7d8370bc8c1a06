import { addAbortListener } from "node:events";
import { type Clock, errorCode, errorMessage } from "@weir/runtime";
import { BATCH_REFUSED, codeOf, FAILURE_MIN, NOT_AUTHORIZED } from "./packets/errors.ts";
import { tlsFailure } from "./tls.ts";

/** Why there is no connection, and what the operator can do about it. */
export interface Outage {
  reason: string;
  remedy: string;
}

// CONNACK about credentials and permissions: return codes of MQTT 3.1.1 and reason codes of MQTT 5.
const USER_REFUSED: ReadonlySet<unknown> = new Set([4, 5, 0x86, NOT_AUTHORIZED]);

export function describeOutage(error: unknown): Outage {
  const code = codeOf(error);
  // An error about several addresses has no message.
  const reason = errorMessage(error) || (errorCode(error) ?? "no answer");
  return tlsFailure(code, reason) ?? { reason, remedy: remedyFor(code) };
}

function remedyFor(code: unknown): string {
  if (USER_REFUSED.has(code)) {
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

/** Whether the broker has refused a message. After any other error it is unknown whether the message arrived. */
export function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return typeof code === "number" && code >= FAILURE_MIN;
}

/** How long to wait between attempts. */
export interface Backoff {
  /** The longest wait before the first repetition, in milliseconds. */
  baseMs: number;
  /** The longest wait at all, in milliseconds. */
  capMs: number;
}

/** A quick first repetition, then at most ten seconds, so that a broker that is back is found soon. */
export const RECONNECT_BACKOFF: Backoff = { baseMs: 200, capMs: 10_000 };

/**
 * The wait before repetition number `attempt` (0 is the first), in milliseconds: exponential with
 * full jitter, so that many clients of one broker do not reconnect at the same moment.
 *
 * @param random a number in [0, 1)
 */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: number): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(random * ceilingMs);
}

/** The longest wait that a timer of Node supports; it fires at once on a longer one. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/**
 * Resolves after `waitMs` at the latest, and at once when the signal aborts.
 *
 * @throws RangeError when the wait is not a number of milliseconds from 0 on.
 */
export async function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (!(waitMs >= 0)) throw new RangeError(`cannot wait for ${waitMs} ms`);
  const over = Promise.withResolvers<void>();
  using _timer = clock.schedule(Math.min(waitMs, WAIT_MS_MAX), over.resolve);
  using _aborting = addAbortListener(signal, () => over.resolve());
  await over.promise;
}
