import type { Subscription } from "./message.ts";

/** What is known of a session at the broker. */
export interface SessionRecord {
  /** The subscriptions that the session may have; none where nothing is known. */
  subscriptions: readonly Subscription[];
  /**
   * Whether it has all of them for sure. It is not between a CONNECT, which may make a new session with
   * none, and what the broker answers: whoever is killed there must not trust the session that it finds.
   */
  isAgreed: boolean;
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

/** What leads from the subscriptions that a session has to those that are wanted. */
export interface SubscriptionDifference {
  subscribe: Subscription[];
  unsubscribe: string[];
}

export function subscriptionDifference(
  has: readonly Subscription[],
  wanted: readonly Subscription[],
): SubscriptionDifference {
  const isSame = (a: Subscription, b: Subscription): boolean =>
    a.filter === b.filter &&
    a.qos === b.qos &&
    a.identifier === b.identifier &&
    a.retainAsPublished === b.retainAsPublished;
  const filters = new Set(wanted.map(({ filter }) => filter));
  return {
    subscribe: wanted.filter((one) => !has.some((other) => isSame(one, other))),
    unsubscribe: [...new Set(has.map(({ filter }) => filter))].filter(
      (filter) => !filters.has(filter),
    ),
  };
}
