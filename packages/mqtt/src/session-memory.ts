import type { Subscription } from "./message.ts";

/**
 * What a client remembers of its session at the broker: the subscriptions that it has. MQTT has no way
 * to ask, and a session outlives the process that made it.
 */
export interface SessionMemory {
  /** The subscriptions that the session may have; none where nothing is known. */
  load(): readonly Subscription[];
  save(subscriptions: readonly Subscription[]): void;
}

/** A memory that lasts as long as the process. */
export function createSessionMemory(): SessionMemory {
  let remembered: readonly Subscription[] = [];
  return {
    load: () => remembered,
    save: (subscriptions) => {
      remembered = subscriptions;
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
    a.filter === b.filter && a.qos === b.qos;
  const filters = new Set(wanted.map(({ filter }) => filter));
  return {
    subscribe: wanted.filter((one) => !has.some((other) => isSame(one, other))),
    unsubscribe: [...new Set(has.map(({ filter }) => filter))].filter(
      (filter) => !filters.has(filter),
    ),
  };
}
