import type { MqttClient } from "mqtt";
import type { Subscription } from "../message.ts";
import { REFUSED_USER, withCode } from "../outage.ts";
import type { Pending } from "../pending.ts";
import { byIdentifier } from "../subscription-groups.ts";

/** @throws when the broker refuses. */
export async function unsubscribe(
  client: MqttClient,
  filters: readonly string[],
  pending: Pending,
): Promise<void> {
  await pending.run((settle) => client.unsubscribe([...filters], (error) => settle(error)));
}

/** @throws when the broker refuses one of the filters. */
export async function subscribe(
  client: MqttClient,
  subscriptions: readonly Subscription[],
  pending: Pending,
): Promise<void> {
  // Retain handling 1: a subscription that the session already has brings no retained message again.
  const isFive = client.options.protocolVersion === 5;
  const extra = isFive ? { rh: 1 as const } : {};
  for (const { identifier, members } of byIdentifier(subscriptions)) {
    const wanted = members.map(
      ({ filter, qos, retainAsPublished: rap = false }) =>
        [filter, { qos, ...extra, ...(isFive && rap && { rap }) }] as const,
    );
    const filters = members.map(({ filter }) => filter).join(", ");
    await pending.run((settle) => {
      client.subscribe(
        Object.fromEntries(wanted),
        // The type wants a QoS here, too; each filter has its own.
        {
          qos: 1,
          ...(identifier === null ? {} : { properties: { subscriptionIdentifier: identifier } }),
        },
        (error) =>
          settle(
            error && withCode(`cannot subscribe to ${filters}: ${error.message}`, REFUSED_USER),
          ),
      );
    });
  }
}
