import type { Answered, Grants, Subscription } from "./connection/connection.ts";
import { FAILURE_MIN, wordsFor } from "./packets/errors.ts";
import type { ProtocolVersion } from "./packets/message.ts";

/** Something that this client needs and the broker does not grant. */
export interface Shortfall {
  kind:
    | "retain"
    | "qos"
    | "packet size"
    | "session expiry"
    | "identifiers"
    | "granted qos"
    | "filter"
    | "client id";
  /** In words for an operator, with the remedy. */
  reason: string;
}

/** The largest packet that the suite itself publishes: 256 KiB of payload, a topic, properties. */
const OWN_PACKET_BYTES_MAX = 262_144 + 65_535 + 1_024;

/**
 * What a connection does not grant.
 *
 * @param expirySeconds the requested session expiry; 0 for none.
 */
export function connectionShortfalls(
  grants: Grants,
  protocolVersion: ProtocolVersion,
  expirySeconds: number,
): Shortfall[] {
  const { packetBytesMax, sessionExpirySeconds } = grants;
  const short: Shortfall[] = [];
  if (!grants.retain) {
    short.push({
      kind: "retain",
      reason:
        "the broker keeps no retained messages: everything is published without retain, and clients that connect later do not receive it. Allow retained messages in the broker.",
    });
  }
  if (grants.qosMax === 0) {
    short.push({
      kind: "qos",
      reason:
        "the broker takes and sends QoS 0 only: messages on their way may be lost. Allow QoS 1 in the broker.",
    });
  }
  if (packetBytesMax < OWN_PACKET_BYTES_MAX) {
    short.push({
      kind: "packet size",
      reason: `the broker takes packets of at most ${packetBytesMax} bytes: larger messages are not sent. Raise its maximum packet size to ${OWN_PACKET_BYTES_MAX} at least.`,
    });
  }
  if (sessionExpirySeconds !== null && sessionExpirySeconds < expirySeconds) {
    short.push({
      kind: "session expiry",
      reason: `the broker keeps the session for ${sessionExpirySeconds} s instead of ${expirySeconds} s: a client that is away for longer loses what was queued for it. Raise the broker's limit, or configure a shorter session.`,
    });
  }
  if (protocolVersion === 5 && !grants.identifiers) {
    short.push({
      kind: "identifiers",
      reason:
        "the broker has no subscription identifiers: where filters overlap, a broader one is subscribed to. Allow them in the broker.",
    });
  }
  return short;
}

/** Why CONNACK rules a subscription out; `null` if it does not. Asking all the same would end the connection. */
export function refusalOf({ filter }: Subscription, grants: Grants): number | null {
  if (!grants.sharedSubscriptions && filter.startsWith("$share/")) return 0x9e;
  if (!grants.wildcards && /[+#]/.test(filter)) return 0xa2;
  return null;
}

/** What the broker does not grant of subscriptions. */
export function subscriptionShortfalls(answers: readonly Answered[]): Shortfall[] {
  const short = answers
    .filter(({ code }) => code >= FAILURE_MIN)
    .map(
      ({ subscription, code }): Shortfall => ({
        kind: "filter",
        reason: `cannot subscribe to ${subscription.filter}: ${wordsFor(code)}. Its messages do not arrive; allow it to this user, or remove it from the configuration.`,
      }),
    );
  const lower = answers.filter(({ subscription, code }) => code < subscription.qos);
  if (lower.length > 0) {
    const filters = lower.map(({ subscription }) => subscription.filter).join(", ");
    short.push({
      kind: "granted qos",
      reason: `the broker grants QoS 0 instead of 1 to ${filters}: what is published while this client is not connected is lost. Allow QoS 1 in the broker.`,
    });
  }
  return short;
}
