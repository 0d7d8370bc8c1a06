import type { Subscription } from "./message.ts";

/** Subscriptions that go into one SUBSCRIBE. */
export interface SubscriptionGroup<S extends Subscription> {
  /** `null` for those that have none. */
  identifier: number | null;
  members: readonly S[];
}

/** A SUBSCRIBE has one identifier for all its filters [MQTT-3.8.2.1.2], so there is one for each of them. */
export function byIdentifier<S extends Subscription>(
  subscriptions: readonly S[],
): SubscriptionGroup<S>[] {
  const groups = Map.groupBy(subscriptions, ({ identifier }) => identifier ?? null);
  return [...groups].map(([identifier, members]) => ({ identifier, members }));
}
