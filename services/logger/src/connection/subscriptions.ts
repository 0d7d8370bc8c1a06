import { createHash } from "node:crypto";
import type { Subscription } from "@weir/mqtt";
import type { StreamConfig } from "@weir/streams";
import { coverOf, joinedCoverOf } from "@weir/topics";
import { changedTakers, isNewUnder, type Takers } from "./takers.ts";

/** A session as its subscriptions are planned. */
export interface PlannedSession {
  /** Whether the broker tells which subscription brought a message. */
  identifiers: boolean;
  /** What the session may have already, the oldest first; nothing in a new one. */
  has: readonly Subscription[];
  /** Who took its messages before. */
  takers: Takers;
}

/** What to subscribe to, the preferred ones first, and who takes what it brings. */
export interface SubscriptionPlan {
  subscriptions: readonly Subscription[];
  takers: Takers;
}

/** A new session of a broker with identifiers. */
export const NEW_SESSION: PlannedSession = { identifiers: true, has: [], takers: {} };

/** The largest subscription identifier [MQTT-3.8.2.1.2]. */
const IDENTIFIER_MAX = 268_435_455;

/**
 * What to subscribe to for these streams, so that each message comes once, or its copies can be told
 * apart: by the identifiers of MQTT 5. They also tell what came for a subscription that somebody else has
 * made in the session. A broker without identifiers is asked for more than is wanted.
 */
export function planSubscriptions(
  streams: readonly StreamConfig[],
  session: PlannedSession,
): SubscriptionPlan {
  const { identifiers, has } = session;
  const before = has.length === 0 ? {} : session.takers;
  const generation = nextGeneration(has, before);
  const takers = changedTakers(streams, before, generation);
  const newcomers = Object.values(takers).filter(({ since }) => since === generation);
  const subscriptions = oldestFirst(filtersOf(streams, identifiers), has).map(
    ({ filter, qos }): Subscription => {
      const known = has.filter((one) => one.filter === filter);
      // Without identifiers there is no retain handling either: each SUBSCRIBE brings what is retained.
      const isAskedAgain = !identifiers && known.every((one) => one.qos !== qos);
      const isNew =
        known.length === 0 || isAskedAgain || newcomers.some((taker) => isNewUnder(filter, taker));
      return {
        filter,
        qos,
        ...(identifiers && { identifier: identifierOf(filter) }),
        generation: isNew ? generation : newestOf(known),
      };
    },
  );
  return { subscriptions, takers };
}

function filtersOf(
  streams: readonly StreamConfig[],
  identifiers: boolean,
): { filter: string; qos: 0 | 1 }[] {
  const wanted = streams.flatMap(({ filters, qos }) => filters.map((filter) => ({ filter, qos })));
  const { subscriptions, overlaps } = coverOf(wanted);
  if (!overlaps) return subscriptions;
  if (!identifiers) return joinedCoverOf(wanted);
  // Only one of the copies is taken, so every one must be as sure to come as the surest.
  const qos = subscriptions.some((one) => one.qos === 1) ? 1 : 0;
  return subscriptions.map(({ filter }) => ({ filter, qos }));
}

function nextGeneration(has: readonly Subscription[], takers: Takers): number {
  return Math.max(newestOf(has), ...Object.values(takers).map(({ since }) => since)) + 1;
}

function newestOf(subscriptions: readonly Subscription[]): number {
  return Math.max(0, ...subscriptions.map(({ generation = 0 }) => generation));
}

/**
 * Of several copies, the one of the first subscription counts. So that is the one that the session has
 * had for longest: what the broker queued before a subscription was added came by the older ones only.
 */
function oldestFirst<S extends { filter: string }>(
  subscriptions: readonly S[],
  known: readonly { filter: string }[],
): S[] {
  const order = new Map(known.map(({ filter }, index) => [filter, index]));
  const place = ({ filter }: S): number => order.get(filter) ?? known.length;
  return subscriptions.toSorted((a, b) => place(a) - place(b));
}

/**
 * A filter's identifier is the same in every configuration and in every data folder: what the broker has
 * queued under an earlier one must not be taken for a copy of something else, or for somebody else's.
 */
function identifierOf(filter: string): number {
  const digest = createHash("sha256").update(filter).digest();
  return (digest.readUInt32BE(0) % IDENTIFIER_MAX) + 1;
}
