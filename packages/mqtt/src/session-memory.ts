import { REFUSED_MIN } from "./grants.ts";
import type { Subscription } from "./message.ts";

/** A subscription of a session. */
export interface HeldSubscription extends Subscription {
  /** What the broker said, where that is not what was asked for: a lower QoS, or from 0x80 on a refusal. */
  granted?: number;
}

/** What is known of a session at the broker. */
export interface SessionRecord {
  /** The subscriptions that the session may have; none where nothing is known. */
  subscriptions: readonly HeldSubscription[];
  /**
   * Whether it has all of them for sure. It is not between a CONNECT, which may make a new session with
   * none, and what the broker answers: whoever is killed there must not trust the session that it finds.
   */
  isAgreed: boolean;
  /**
   * A session that the broker keeps was not made from this memory: it may have subscriptions of which
   * nobody here knows. Left out where the memory cannot tell.
   */
  isStrange?: boolean;
}

/**
 * What a client remembers of its session at the broker. MQTT has no way to ask, and a session outlives
 * the process that made it.
 */
export interface SessionMemory {
  load(): SessionRecord;
  save(record: SessionRecord): void;
}

/** A memory that lasts as long as the process. */
export function createSessionMemory(): SessionMemory {
  let remembered: SessionRecord = { subscriptions: [], isAgreed: false };
  return {
    load: () => remembered,
    save: (record) => {
      remembered = record;
    },
  };
}

/** Whether the broker has not refused it. */
export function isHeld({ granted = 0 }: HeldSubscription): boolean {
  return granted < REFUSED_MIN;
}

/** What leads from the subscriptions that a session has to those that are wanted. */
export interface SubscriptionDifference {
  subscribe: Subscription[];
  unsubscribe: string[];
}

export function subscriptionDifference(
  has: readonly HeldSubscription[],
  wanted: readonly Subscription[],
): SubscriptionDifference {
  const isSame = (a: Subscription, b: Subscription): boolean =>
    a.filter === b.filter &&
    a.qos === b.qos &&
    a.identifier === b.identifier &&
    a.retainAsPublished === b.retainAsPublished &&
    a.generation === b.generation;
  const filters = new Set(wanted.map(({ filter }) => filter));
  return {
    subscribe: wanted.filter((one) => !has.some((other) => isHeld(other) && isSame(one, other))),
    unsubscribe: [...new Set(has.map(({ filter }) => filter))].filter(
      (filter) => !filters.has(filter),
    ),
  };
}
