import type { ISubscriptionMap, MqttClient } from "mqtt";
import type { SubscribeRequest } from "../connection.ts";
import type { Answered } from "../grants.ts";
import { withCode } from "../outage.ts";
import type { Pending } from "../pending.ts";
import { byIdentifier, type SubscriptionGroup } from "../subscription-groups.ts";

/** @throws when the broker refuses. */
export async function unsubscribe(
  client: MqttClient,
  filters: readonly string[],
  pending: Pending,
): Promise<void> {
  await pending.run((settle) => client.unsubscribe([...filters], (error) => settle(error)));
}

/** @throws when an answer does not fit. */
export async function subscribe(
  client: MqttClient,
  subscriptions: readonly SubscribeRequest[],
  pending: Pending,
  onAnswer: (answer: Answered) => void,
): Promise<void> {
  const ask = async ({ identifier, members }: SubscriptionGroup<SubscribeRequest>) => {
    const wanted = subscriptionMap(members, client.options.protocolVersion === 5);
    // A filter like "1" comes first among the keys of an object.
    const order = Object.keys(wanted);
    await pending.run((settle) => {
      client.subscribe(
        wanted,
        // The type wants a QoS here, too; each filter has its own.
        {
          qos: 1,
          ...(identifier === null ? {} : { properties: { subscriptionIdentifier: identifier } }),
        },
        (error, _, suback) => {
          const granted = suback?.granted ?? [];
          if (granted.length !== order.length) {
            const reason = error?.message ?? `the broker answered ${granted.length} filters`;
            settle(withCode(`cannot subscribe to ${order.join(", ")}: ${reason}`, "SUBACK"));
            return;
          }
          for (const subscription of members) {
            const code = Number(granted[order.indexOf(subscription.filter)]);
            onAnswer({ subscription, code });
          }
          settle();
        },
      );
    });
  };
  await Promise.all(byIdentifier(subscriptions).map(ask));
}

function subscriptionMap(members: readonly SubscribeRequest[], isFive: boolean): ISubscriptionMap {
  const wanted = members.map(
    ({ filter, qos, retainAsPublished: rap = false, withRetained }) =>
      [filter, { qos, ...(isFive && { rh: withRetained ? 0 : 1, ...(rap && { rap }) }) }] as const,
  );
  return Object.fromEntries(wanted);
}
