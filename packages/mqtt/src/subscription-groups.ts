import type { Subscription } from "./message.ts";

/** Subscriptions that go into one SUBSCRIBE. */
export interface SubscriptionGroup {
  /** `null` for those that have none. */
  identifier: number | null;
  members: readonly Subscription[];
}

/** A SUBSCRIBE has one identifier for all its filters [MQTT-3.8.2.1.2], so there is one for each of them. */
export function byIdentifier(subscriptions: readonly Subscription[]): SubscriptionGroup[] {
  const groups = Map.groupBy(subscriptions, ({ identifier }) => identifier ?? null);
  return [...groups].map(([identifier, members]) => ({ identifier, members }));
}
