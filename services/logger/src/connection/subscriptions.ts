import { createHash } from "node:crypto";
import type { Subscription } from "@weir/mqtt";
import type { StreamConfig } from "@weir/streams";
import { coverOf, joinedCoverOf } from "@weir/topics";

export interface SubscriptionsOptions {
  version: 5 | 4;
  /** What the session may have already, the oldest first. */
  known: readonly { filter: string }[];
}

/** The largest subscription identifier [MQTT-3.8.2.1.2]. */
const IDENTIFIER_MAX = 268_435_455;

/**
 * What to subscribe to for these streams, so that each message comes once, or its copies can be told
 * apart: by the identifiers of MQTT 5. A broker of 3.1.1 has none, and is asked for more than is wanted.
 */
export function subscriptionsOf(
  streams: readonly StreamConfig[],
  { version, known }: SubscriptionsOptions,
): readonly Subscription[] {
  const wanted = streams.flatMap(({ filters, qos }) => filters.map((filter) => ({ filter, qos })));
  const { subscriptions, overlaps } = coverOf(wanted);
  if (!overlaps) return subscriptions;
  if (version === 4) return joinedCoverOf(wanted);
  // Only one of the copies is taken, so every one must be as sure to come as the surest.
  const qos = subscriptions.some((one) => one.qos === 1) ? 1 : 0;
  return oldestFirst(subscriptions, known).map(({ filter }) => ({
    filter,
    qos,
    identifier: identifierOf(filter),
  }));
}

/**
 * Of several copies, the one of the first subscription counts. So that is the one that the session has
 * had for longest: what the broker queued before a subscription was added came by the older ones only.
 */
function oldestFirst<S extends { filter: string }>(
  subscriptions: readonly S[],
  known: SubscriptionsOptions["known"],
): S[] {
  const order = new Map(known.map(({ filter }, index) => [filter, index]));
  const place = ({ filter }: S): number => order.get(filter) ?? known.length;
  return subscriptions.toSorted((a, b) => place(a) - place(b));
}

/**
 * A filter's identifier is the same in every configuration: what the broker has queued under an
 * earlier one must not be taken for a copy of something else.
 */
function identifierOf(filter: string): number {
  const digest = createHash("sha256").update(filter).digest();
  return (digest.readUInt32BE(0) % IDENTIFIER_MAX) + 1;
}
