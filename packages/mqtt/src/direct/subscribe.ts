import type { Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import type { Subscription } from "../message.ts";
import { REFUSED_USER, withCode, wordsFor } from "../outage.ts";
import type { Pending } from "../pending.ts";
import { byIdentifier, type SubscriptionGroup } from "../subscription-groups.ts";
import type { Answer, Requests } from "./requests.ts";

interface Asking {
  requests: Requests;
  pending: Pending;
  protocolVersion: ProtocolVersion;
}

const REFUSED_MIN = 0x80;

/** @throws when the broker refuses one of the filters. */
export async function subscribe(
  { requests, pending, protocolVersion }: Asking,
  subscriptions: readonly Subscription[],
): Promise<void> {
  for (const group of byIdentifier(subscriptions)) {
    const packet = subscribePacket(group, protocolVersion);
    const filters = group.members.map(({ filter }) => filter).join(", ");
    await pending.run((settle) =>
      requests.send(packet, (answer) => {
        const reason = reasonOf(answer, group.members.length);
        settle(
          reason === null
            ? null
            : withCode(`cannot subscribe to ${filters}: ${reason}`, REFUSED_USER),
        );
      }),
    );
  }
}

function subscribePacket(
  { identifier, members }: SubscriptionGroup,
  protocolVersion: ProtocolVersion,
): Extract<Packet, { cmd: "subscribe" }> {
  // Retain handling 1: a subscription that the session already has brings no retained message again.
  const extra = protocolVersion === 5 ? { rh: 1 } : {};
  return {
    cmd: "subscribe",
    subscriptions: members.map(({ filter, qos, retainAsPublished: rap = false }) => ({
      topic: filter,
      qos,
      ...extra,
      ...(protocolVersion === 5 && rap && { rap }),
    })),
    ...(identifier === null ? {} : { properties: { subscriptionIdentifier: identifier } }),
  };
}

/** @throws when the broker refuses. */
export async function unsubscribe(
  { requests, pending }: Asking,
  filters: readonly string[],
): Promise<void> {
  const packet = { cmd: "unsubscribe" as const, unsubscriptions: [...filters] };
  await pending.run((settle) =>
    requests.send(packet, (answer) => {
      const reason = reasonOf(answer, filters.length);
      settle(
        reason === null
          ? null
          : withCode(`cannot unsubscribe from ${filters.join(", ")}: ${reason}`, REFUSED_USER),
      );
    }),
  );
}

/** Why the broker has refused, in words; `null` when it has not. */
function reasonOf(answer: Answer, count: number): string | null {
  if (answer instanceof Error) return answer.message;
  if (answer.cmd !== "suback" && answer.cmd !== "unsuback") return `it answered with ${answer.cmd}`;
  // UNSUBACK of MQTT 3.1.1 has no reason codes [MQTT-3.11].
  const { granted = new Array<number>(count).fill(0) } = answer;
  if (granted.length !== count) return `it answered ${granted.length} of ${count} filters`;
  const refused = granted.map(Number).find((code) => code >= REFUSED_MIN);
  return refused === undefined ? null : wordsFor(refused);
}
